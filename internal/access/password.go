package access

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// What a password costs to check: 19 MiB and two passes, OWASP's first choice
// of argon2id parameters. The kept text names them, so they may grow.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32 // bytes
	argonSalt    = 16 // bytes
)

// How long a password may be, in characters. The upper end keeps the work of
// an anonymous request small.
const (
	MinPassword = 12
	MaxPassword = 256
)

// checkPassword refuses a password that is too easy to guess.
func checkPassword(operator, password string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword:
		return fault.New(api.CodeInvalid, "the password is too short").WithHint("take at least %d characters; several words are easy to keep in mind", MinPassword)
	case n > MaxPassword:
		return fault.New(api.CodeInvalid, "the password is longer than %d characters", MaxPassword)
	case operator != "" && strings.Contains(strings.ToLower(password), strings.ToLower(operator)) && n < MinPassword+len(operator):
		return fault.New(api.CodeInvalid, "the password holds the name").WithHint("take one that does not")
	case strings.Count(password, password[:1]) == len(password):
		return fault.New(api.CodeInvalid, "the password is one character, repeated").WithHint("several words are easy to keep in mind")
	}
	return nil
}

// hashPassword gives the text to keep of a password.
func hashPassword(random io.Reader, password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("randomness for a password: %w", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// samePassword compares a password with a kept text. A text that cannot be
// read is no password's.
func samePassword(kept, password string) bool {
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || utf8.RuneCountInString(password) > MaxPassword {
		return false
	}
	var version int
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil || version != argon2.Version {
		return false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	want, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(want) != argonKey || passes == 0 || threads == 0 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
