package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// Environment is where secrets come from.
type Environment struct {
	Getenv   func(name string) string          // as os.Getenv; "" means not set
	ReadFile func(path string) ([]byte, error) // as os.ReadFile
}

// source is a secret of a client, or a variable, as a manifest writes it: text, {env: NAME} or
// {file: PATH}.
type source struct {
	literal   *string
	env, file string
	wrong     string // what is wrong with it; reported where the place is known
}

// UnmarshalJSON reads the three forms. It never fails: an error of this
// package may say more than the decoder dares to about a secret.
func (s *source) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		s.literal = &text
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var from struct {
		Env  string `json:"env"`
		File string `json:"file"`
	}
	err := decoder.Decode(&from)
	switch {
	case err != nil && !bytes.HasPrefix(data, []byte("{")):
		s.wrong = "expected text in quotes, {env: NAME} or {file: PATH}"
	case err != nil, (from.Env == "") == (from.File == ""):
		s.wrong = "expected one of {env: NAME} and {file: PATH}"
	}
	s.env, s.file = from.Env, from.File
	return nil
}

// read returns the secret, or what is wrong in words without it. Relative
// paths start from dir.
func (s *source) read(env Environment, dir string) (*api.Secret, string) {
	switch {
	case s == nil:
		return nil, ""
	case s.wrong != "":
		return nil, s.wrong
	case s.env != "":
		value := env.Getenv(s.env)
		if value == "" {
			return nil, "the environment variable " + s.env + " is not set"
		}
		return secret(value), ""
	case s.file != "":
		return s.fromFile(env, dir)
	case *s.literal == api.Mask:
		return nil, "" // the secret stays as it is
	default:
		return secret(*s.literal), ""
	}
}

func (s *source) fromFile(env Environment, dir string) (*api.Secret, string) {
	path := s.file
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
	// Editors and echo end a file with a line break that is no part of a secret.
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if value == "" {
		return nil, "the file " + path + " is empty"
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
