package app

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/web/session"
)

// OpenIDConfig is the OpenID provider that operators sign in with; without an
// issuer there is none.
type OpenIDConfig struct {
	Issuer       string
	ClientID     string
	ClientSecret secret.Text
	Allowed      []string // subjects, verified e-mail addresses, or their domains as @example.com
}

// check refuses a provider that nobody could sign in with.
func (c OpenIDConfig) check() error {
	if c.Issuer == "" {
		return nil
	}
	if c.ClientID == "" {
		return fault.New(api.CodeNeedsConfiguration, "the OpenID provider %s has no client id", c.Issuer).
			WithHint("set VALETKEY_OIDC_CLIENT_ID")
	}
	if len(c.Allowed) == 0 {
		return fault.New(api.CodeNeedsConfiguration, "nobody may sign in with the OpenID provider %s", c.Issuer).
			WithHint("set VALETKEY_OIDC_ALLOWED to subjects, e-mail addresses or @domains, with commas in between")
	}
	return nil
}

func (c Config) openID(client *http.Client) *session.OpenID {
	if c.OpenID.Issuer == "" {
		return nil
	}
	return &session.OpenID{
		Issuer: c.OpenID.Issuer, ClientID: c.OpenID.ClientID, Secret: c.OpenID.ClientSecret,
		Allowed: c.OpenID.Allowed, HTTP: client, Now: c.Now,
	}
}

// PublicURL is what browsers see.
func (a *App) PublicURL() string { return a.config.PublicURL }

// FirstRun gives a link that lets whoever opens it set the first operator's
// password; empty when there is an operator. A link given before is good no longer.
func (a *App) FirstRun(ctx context.Context) (string, time.Time, error) {
	there, err := a.operators.Any(ctx)
	if err != nil || there {
		return "", time.Time{}, err
	}
	link, err := operatorLinks{a}.NewLink(ctx)
	return link.URL, link.ExpiresAt, err
}

// operatorLinks makes links that set an operator's password.
type operatorLinks struct{ app *App }

// NewLink implements [rest.Operators].
func (l operatorLinks) NewLink(ctx context.Context) (api.OperatorLink, error) {
	code, expires, err := l.app.operators.NewCode(ctx)
	if err != nil {
		return api.OperatorLink{}, err
	}
	return api.OperatorLink{URL: strings.TrimRight(l.app.config.PublicURL, "/") + session.FirstRunPath(code), ExpiresAt: expires}, nil
}

// acted notes a form that an operator sent: the page's path names what was done.
func (a *App) acted(operator, path string) {
	a.audit.Record(api.AuditEntry{Actor: operator, Action: "page.post", Subject: path})
}
