package form

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// Verify says what would keep a draft from being applied: a description that
// fails the check, a name that refers to nothing, a secret in a note. The
// error has [api.CodeInternal]: an importer gave what it must not. Providers and
// clients that are there without the draft are told by the function there.
func Verify(d draft.Draft, there func(name string) bool) error {
	for name, p := range d.Providers {
		if err := catalog.Check(p); err != nil {
			return fault.Wrap(err, api.CodeInternal, "the provider %s: %s", name, fault.As(err).Message)
		}
	}
	secrets := make([]string, 0, len(d.Clients)+2*len(d.Tokens))
	for name, c := range d.Clients {
		if _, ok := d.Providers[c.Provider]; !ok && !there(c.Provider) || c.ClientID == "" {
			return fault.New(api.CodeInternal, "the client %s names no provider or has no client_id", name)
		}
		if c.ClientSecret != nil {
			secrets = append(secrets, string(*c.ClientSecret))
		}
	}
	for name, c := range d.Connections {
		if _, ok := d.Clients[c.Client]; !ok && !there(c.Client) {
			return fault.New(api.CodeInternal, "the connection %s names no client", name)
		}
	}
	for name, t := range d.Tokens {
		if _, ok := d.Connections[name]; !ok || t.AccessToken == "" && t.RefreshToken == "" {
			return fault.New(api.CodeInternal, "the token of %s has no connection or is empty", name)
		}
		secrets = append(secrets, string(t.AccessToken), string(t.RefreshToken))
	}
	return quiet(d, secrets)
}

// quiet looks for secrets in notes. Short ones are words that stand anywhere.
func quiet(d draft.Draft, secrets []string) error {
	for _, n := range d.Notes {
		for _, secret := range secrets {
			if len(secret) > 8 && strings.Contains(n.String(), secret) {
				return fault.New(api.CodeInternal, "a note quotes a secret")
			}
		}
	}
	return nil
}
