package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// Environment is where secrets come from. Run and Keyring may be nil: then the
// forms that need them are refused.
type Environment struct {
	Getenv   func(name string) string                   // as os.Getenv; "" means not set
	ReadFile func(path string) ([]byte, error)          // as os.ReadFile
	Run      func(argv []string) ([]byte, error)        // what a program prints
	Keyring  func(service, name string) (string, error) // of the operating system; [ErrNoSecret]
}

// ErrNoSecret says that a keyring does not hold what it is asked for.
var ErrNoSecret = errors.New("there is no such secret")

// origin is where a secret comes from: exactly one of these.
type origin struct {
	Env     string   `json:"env"`
	File    string   `json:"file"`
	Command []string `json:"command"`
	Keyring string   `json:"keyring"` // SERVICE/NAME
}

// source is a secret of a client, or a variable, as a manifest writes it: text
// or an origin.
type source struct {
	literal *string
	origin
	wrong string // what is wrong with it; reported where the place is known
}

// forms are what a source may be, in words.
const forms = "{env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/NAME}"

// UnmarshalJSON reads the forms. It never fails: an error of this package may
// say more than the decoder dares to about a secret.
func (s *source) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		s.literal = &text
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&s.origin)
	switch {
	case err != nil && !bytes.HasPrefix(data, []byte("{")):
		s.wrong = "expected text in quotes, " + forms
	case err != nil, s.count() != 1:
		s.wrong = "expected exactly one of " + forms
	}
	return nil
}

// count says how many of the origins are given.
func (o origin) count() (n int) {
	for _, given := range []bool{o.Env != "", o.File != "", len(o.Command) > 0, o.Keyring != ""} {
		if given {
			n++
		}
	}
	return n
}

// read returns the secret, or what is wrong in words without it. Relative
// paths start from dir.
func (s *source) read(env Environment, dir string) (*api.Secret, string) {
	switch {
	case s == nil:
		return nil, ""
	case s.wrong != "":
		return nil, s.wrong
	case s.Env != "":
		value := env.Getenv(s.Env)
		if value == "" {
			return nil, "the environment variable " + s.Env + " is not set"
		}
		return secret(value), ""
	case s.File != "":
		return s.fromFile(env, dir)
	case len(s.Command) > 0:
		return s.fromCommand(env)
	case s.Keyring != "":
		return s.fromKeyring(env)
	case *s.literal == api.Mask:
		return nil, "" // the secret stays as it is
	default:
		return secret(*s.literal), ""
	}
}

func (s *source) fromFile(env Environment, dir string) (*api.Secret, string) {
	path := s.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	data, err := env.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "the file " + path + " does not exist"
	case errors.Is(err, fs.ErrPermission):
		return nil, "the file " + path + " may not be read"
	case err != nil:
		return nil, "the file " + path + " cannot be read"
	}
	value := line(data)
	if value == "" {
		return nil, "the file " + path + " is empty"
	}
	return secret(value), ""
}

// line is text without its last line break, which editors and echo add and
// which is no part of a secret.
func line(data []byte) string {
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
}

// fromCommand never repeats what the program printed, nor its arguments.
func (s *source) fromCommand(env Environment) (*api.Secret, string) {
	if env.Run == nil {
		return nil, "a command is run by valetkey apply only, never by the server; use {env: NAME} or {file: PATH}"
	}
	out, err := env.Run(s.Command)
	program := s.Command[0]
	var failed *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, "the program " + program + " is not there"
	case errors.As(err, &failed):
		return nil, "the program " + program + " failed: " + failed.ProcessState.String()
	case err != nil:
		return nil, "the program " + program + " could not be run: " + err.Error()
	case line(out) == "":
		return nil, "the program " + program + " printed nothing"
	}
	return secret(line(out)), ""
}

func (s *source) fromKeyring(env Environment) (*api.Secret, string) {
	service, name, ok := strings.Cut(s.Keyring, "/")
	if !ok || service == "" || name == "" {
		return nil, "write a secret of the keyring as SERVICE/NAME"
	}
	if env.Keyring == nil {
		return nil, "the keyring is read by valetkey apply only, never by the server; use {env: NAME} or {file: PATH}"
	}
	value, err := env.Keyring(service, name)
	switch {
	case errors.Is(err, ErrNoSecret):
		return nil, "the keyring has no secret " + name + " of the service " + service
	case err != nil:
		return nil, "the keyring of this system cannot be read: " + err.Error()
	case value == "":
		return nil, "the secret " + name + " of the service " + service + " is empty"
	}
	return secret(value), ""
}

// masked is a value, or the mask where it stays as it is.
func masked(value *api.Secret) api.Secret {
	if value == nil {
		return api.Mask
	}
	return *value
}

func secret(value string) *api.Secret {
	s := api.Secret(value)
	return &s
}
