package manifest_test

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/manifest"
)

const secretClient = "clients:\n  a:\n    provider: p\n    client_id: i\n    client_secret: %\n"

// commands has programs by name, and a keyring with one secret in it.
func commands(t *testing.T) manifest.Environment {
	t.Helper()
	env := environment()
	failed := exec.CommandContext(context.Background(), "go", "no-such-command").Run()
	env.Run = func(argv []string) ([]byte, error) {
		switch argv[0] {
		case "pass":
			return []byte(strings.Join(argv[1:], " ") + "\r\n"), nil
		case "silent":
			return []byte("\n"), nil
		case "fails":
			return []byte("hunter2"), failed
		case "locked":
			return nil, fs.ErrPermission
		}
		return nil, exec.ErrNotFound
	}
	env.Keyring = func(service, name string) (string, error) {
		switch service + "/" + name {
		case "contoso/app/north":
			return "from-keyring", nil
		case "contoso/empty":
			return "", nil
		case "contoso/locked":
			return "", errors.New("it is locked")
		}
		return "", manifest.ErrNoSecret
	}
	return env
}

func secretOf(form string, env manifest.Environment) (string, error) {
	m, err := manifest.Parse([]manifest.File{{Name: "etc/a.yaml", Data: []byte(strings.Replace(secretClient, "%", form, 1))}}, env)
	if err != nil {
		return "", err
	}
	return string(*m.Clients["a"].ClientSecret), nil
}

func TestASecretComesFromAProgramOrTheKeyring(t *testing.T) {
	for form, want := range map[string]string{
		"{command: [pass, show, contoso]}": "show contoso",
		"{keyring: contoso/app/north}":     "from-keyring",
	} {
		if got, err := secretOf(form, commands(t)); got != want || err != nil {
			t.Errorf("%s: %q, %v", form, got, err)
		}
	}
}

func TestWhatAProgramOrTheKeyringDoesNotGiveIsNamedAndNothingElse(t *testing.T) {
	const server = "never by the server; use {env: NAME} or {file: PATH}"
	for _, test := range []struct {
		form string
		env  manifest.Environment
		want string
	}{
		{"{command: [gone, hunter2]}", commands(t), "the program gone is not there"},
		{"{command: [fails, hunter2]}", commands(t), "the program fails failed: exit status"},
		{"{command: [silent, hunter2]}", commands(t), "the program silent printed nothing"},
		{"{command: [locked, hunter2]}", commands(t), "the program locked could not be run"},
		{"{command: []}", commands(t), "expected exactly one of"},
		{"{keyring: contoso/none}", commands(t), "the keyring has no secret none of the service contoso"},
		{"{keyring: contoso/empty}", commands(t), "the secret empty of the service contoso is empty"},
		{"{keyring: contoso/locked}", commands(t), "the keyring of this system cannot be read: it is locked"},
		{"{keyring: contoso}", commands(t), "write a secret of the keyring as SERVICE/NAME"},
		{"{command: [pass, hunter2]}", environment(), server},
		{"{keyring: contoso/app}", environment(), server},
	} {
		_, err := secretOf(test.form, test.env)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "etc/a.yaml:5:") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", test.form, err)
		}
	}
}
