package manifest_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestAManifestIsReadWithItsSecrets(t *testing.T) {
	m := parse(t, string(golden(t, "contoso.yaml")))
	if got := *m.Clients["contoso-app"].ClientSecret; got != "from-env" {
		t.Errorf("secret from the environment: %q", string(got))
	}
	if got := *m.Clients["other-app"].ClientSecret; got != "from-file" {
		t.Errorf("secret from a file: %q", string(got))
	}
	if got := m.Connections["contoso-mail"]; got.API.BaseURL != "https://api.contoso.example/v1" || len(got.Scopes) != 2 {
		t.Errorf("connection: %+v", got)
	}
	if got := m.Providers["contoso"]; got.TokenEndpoint == "" || got.Name != "" {
		t.Errorf("provider: %+v", got)
	}
}

func TestASecretIsWrittenInThreeForms(t *testing.T) {
	const client = "clients: {a: {provider: p, client_id: i, client_secret: %}}"
	for form, want := range map[string]string{
		`plain text`:              "plain text",
		`""`:                      "",
		`{file: /abs/secret}`:     "two\nlines\n",
		`{env: "CONTOSO_SECRET"}`: "from-env",
	} {
		m := parse(t, strings.Replace(client, "%", form, 1))
		if got := m.Clients["a"].ClientSecret; got == nil || string(*got) != want {
			t.Errorf("%s: got %v", form, got)
		}
	}
	for _, form := range []string{`"••••"`, `null`} {
		m := parse(t, strings.Replace(client, "%", form, 1))
		if m.Clients["a"].ClientSecret != nil {
			t.Errorf("%s does not leave the secret as it is", form)
		}
	}
}

func TestASecretThatCannotBeReadIsNamedWithItsLineAndWithoutItsValue(t *testing.T) {
	for form, want := range map[string]string{
		"{env: NOPE}":            "etc/a.yaml:5:5: client_secret: the environment variable NOPE is not set",
		"{file: nope}":           "etc/a.yaml:5:5: client_secret: the file etc/nope does not exist",
		"{file: empty}":          "the file etc/empty is empty",
		"{file: locked}":         "the file etc/locked may not be read",
		"{env: A, file: B}":      "expected exactly one of {env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/NAME}",
		"{}":                     "expected exactly one of {env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/NAME}",
		"{environment: hunter2}": "expected exactly one of {env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]} or {keyring: SERVICE/NAME}",
		"[hunter2]":              "expected text in quotes, {env: NAME}, {file: PATH}",
		"4411882299":             "expected text in quotes, {env: NAME}, {file: PATH}",
	} {
		_, err := parseAll("clients:\n  a:\n    provider: p\n    client_id: i\n    client_secret: " + form + "\n")
		if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", form, err, want)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "4411882299") {
			t.Errorf("%s: the message shows the secret: %v", form, err)
		}
	}
}

func TestSeveralFilesAreOneManifest(t *testing.T) {
	m := parse(t,
		"clients: {a: {provider: p, client_id: i}}\nconnections:\n",
		"clients: {b: {provider: p, client_id: i}}\nconnections: {c: {client: a}}\n", "")
	if len(m.Clients) != 2 || len(m.Connections) != 1 {
		t.Errorf("got %+v", m)
	}
}

func TestANameGivenTwiceIsReportedWithBothPlaces(t *testing.T) {
	_, err := parseAll("clients:\n  a: {provider: p, client_id: i}\n", "\nclients:\n  a: {provider: p, client_id: i}\n")
	if err == nil || !strings.Contains(err.Error(), "etc/b.yaml:3:3: ") || !strings.Contains(err.Error(), "etc/a.yaml:2:3") {
		t.Errorf("got %v", err)
	}
	// The same name for things of different kinds is fine.
	parse(t, "clients: {a: {provider: p, client_id: i}}\nconnections: {a: {client: a}}\n")
}

func TestTheMistakesOfAllFilesAreListed(t *testing.T) {
	_, err := parseAll(
		"client: {}\n",
		"clients:\n  a: {}\nconnections:\n  c: {scopes: [x]}\n",
		"providers:\n  p: {name: q, built_in: true, token_endpoint: https://a.example}\n")
	for _, want := range []string{
		`etc/a.yaml:1:1: unknown key "client"; did you mean clients?`,
		"etc/b.yaml:2:3: a names no provider",
		"etc/b.yaml:2:3: a has no client_id",
		"etc/b.yaml:4:3: c names no client",
		"etc/c.yaml:2:7: the name of a provider is its key",
		"etc/c.yaml:2:16: built_in cannot be set",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s in\n%v", want, err)
		}
	}
}

func TestAnUnknownMapIsRefused(t *testing.T) {
	_, err := parseAll("keys: {a: {}}\n")
	if err == nil || !strings.Contains(err.Error(), `unknown key "keys"; known are providers, clients, connections`) {
		t.Errorf("got %v", err)
	}
}
