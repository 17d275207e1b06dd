package clientauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// maxRead bounds a file, or what a program prints. Keys with long chains have
// less, and so do assertions.
const maxRead = 128 << 10

// Outside is where a credential reads what is not kept here.
type Outside struct {
	ReadFile func(path string) ([]byte, error) // as os.ReadFile
	// Run gives what a program prints; nil: the operator allows none.
	Run func(ctx context.Context, argv []string) ([]byte, error)
}

// file reads one file; what is the setting that names it.
func (o Outside) file(path, what string) ([]byte, error) {
	var text []byte
	err := fs.ErrPermission
	if o.ReadFile != nil {
		text, err = o.ReadFile(path)
	}
	why := "cannot be read"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = "is not there"
	case errors.Is(err, fs.ErrPermission):
		why = "may not be read by this server"
	case err == nil && len(text) > maxRead:
		why = "is longer than 128 KiB: it is another file"
	case err == nil:
		return text, nil
	}
	return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the file %s, which %s names, %s", path, what, why).
		WithHint("check the path and its permissions on the server's machine; it is read at each use")
}

// Key is the client's private key, with its certificate where there is one.
// The error has [api.CodeNeedsConfiguration].
func (c Credential) Key(outside Outside) (assertion.Key, error) {
	text, certificate, err := c.parts(outside)
	if err != nil {
		return assertion.Key{}, err
	}
	key, err := assertion.ParseKey(text)
	if err == nil && len(certificate) > 0 {
		key, err = key.WithCertificate(certificate)
	}
	if err != nil {
		return key, fault.Wrap(err, api.CodeNeedsConfiguration, "the private key cannot be used: %s", oauth.Words(err)).
			WithHint("give a PEM file (with its certificate, where there is one), a JWK, or a service account's JSON file")
	}
	return key, nil
}

// Pair is the client's certificate and private key as PEM, for TLS; empty when
// there is no key.
func (c Credential) Pair(outside Outside) ([]byte, error) {
	if !c.HasKey() {
		return nil, nil
	}
	text, certificate, err := c.parts(outside)
	if err != nil || len(certificate) == 0 {
		return text, err
	}
	return bytes.Join([][]byte{certificate, text}, []byte("\n")), nil
}

func (c Credential) parts(outside Outside) (key, certificate []byte, err error) {
	key = []byte(c.PrivateKey.Reveal())
	if path := c.Sources.PrivateKeyPath; path != "" {
		if key, err = outside.file(path, "private_key_path"); err != nil {
			return nil, nil, err
		}
	}
	if path := c.Sources.CertificatePath; path != "" {
		certificate, err = outside.file(path, "certificate_path")
	}
	return key, certificate, err
}

// assertion is the JWT that somebody else signed for the client.
func (o Outside) assertion(ctx context.Context, from api.AssertionSource) (string, error) {
	var text []byte
	var err error
	where := "the file " + from.FromFile
	switch {
	case from.FromFile != "":
		text, err = o.file(from.FromFile, "client_assertion.from_file")
	case o.Run == nil:
		return "", notAllowed(from.FromCommand[0])
	default:
		where = "what " + from.FromCommand[0] + " prints"
		text, err = o.Run(ctx, from.FromCommand)
	}
	if err != nil {
		return "", err
	}
	// Nothing else may leave this machine: the path is a client's setting.
	jwt := strings.TrimSpace(string(text))
	if !compactJWT(jwt) {
		return "", fault.New(api.CodeNeedsConfiguration, "%s is no signed JWT, so it cannot be the client's assertion", where).
			WithHint("it must be one JWT alone: three parts with dots between them, the first beginning with eyJ")
	}
	return jwt, nil
}

// compactJWT reports whether a text is one signed JWT (RFC 7515 section 3.1).
func compactJWT(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false
	}
	for i, part := range parts {
		decoded, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || len(decoded) == 0 || i < 2 && !json.Valid(decoded) {
			return false
		}
	}
	return true
}
