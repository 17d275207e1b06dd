package wizard

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/tokenfile"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/oauth"
)

// What a person brings in the place of a consent.
const (
	bringLogin     = "login"     // a user name and a password
	bringAssertion = "assertion" // of SAML
	bringSubject   = "subject"   // a user's token, though each caller may show one
)

// brings is what the first token takes; "": a browser, or nothing.
func brings(spec api.ConnectionSpec, p api.Provider) string {
	way := wayOf(spec, p)
	switch {
	case !way.Supplied():
		return ""
	case way.Grant == oauth.GrantPassword:
		return bringLogin
	case way.OnCall():
		return bringSubject
	}
	return bringAssertion
}

// bring ends an authorization with what a person brought. Nothing of it is held
// but the user name.
func (z *Wizard) bring(w http.ResponseWriter, r *http.Request) error {
	p, err := z.consentOf(r)
	if err != nil {
		return err
	}
	p.Username = strings.TrimSpace(r.PostFormValue("username"))
	given := api.GrantInput{
		Username: p.Username, Password: api.Secret(r.PostFormValue("password")),
		Assertion: api.Secret(strings.TrimSpace(r.PostFormValue("assertion"))), SubjectToken: api.Secret(strings.TrimSpace(r.PostFormValue("subject_token"))),
	}
	p.Faults = page.Faults{}
	for field, missing := range map[string]bool{
		"username": p.Brings == bringLogin && given.Username == "", "password": p.Brings == bringLogin && given.Password == "",
		"assertion": p.Brings == bringAssertion && given.Assertion == "", "subject_token": p.Brings == bringSubject && given.SubjectToken == "",
	} {
		if missing {
			p.Faults[field] = z.Pages.Word("wizard.needed")
		}
	}
	if len(p.Faults) > 0 {
		return z.show(w, r, "first", p.Faults, p)
	}
	_, err = z.Grants.Begin(r.Context(), p.Name, api.AuthorizeRequest{GrantInput: given})
	return z.settled(w, r, p, err)
}

// settled ends what a person brought: with the page anew, or with what was wrong.
func (z *Wizard) settled(w http.ResponseWriter, r *http.Request, p consentPage, err error) error {
	if told(err) {
		p.Fault = page.Sentences(fault.As(err))
		return z.show(w, r, "first", page.Faults{"": p.Fault}, p)
	}
	if err != nil {
		return err
	}
	return z.to(w, "/new/connection/"+url.PathEscape(p.Name))
}

// takeTokens takes over tokens that were obtained elsewhere.
func (z *Wizard) takeTokens(w http.ResponseWriter, r *http.Request) error {
	p, err := z.consentOf(r)
	if err != nil {
		return err
	}
	p.Ends = strings.TrimSpace(r.PostFormValue("expires_at"))
	set := api.TokenImport{
		AccessToken: api.Secret(strings.TrimSpace(r.PostFormValue("access_token"))), RefreshToken: api.Secret(strings.TrimSpace(r.PostFormValue("refresh_token"))),
	}
	p.Faults = page.Faults{}
	if answer := r.PostFormValue("token_answer"); strings.TrimSpace(answer) != "" {
		if set, err = tokenfile.Read("this", []byte(answer), z.Now()); told(err) {
			p.Faults["token_answer"] = page.Sentences(fault.As(err))
		} else if err != nil {
			return err
		}
	} else if set.AccessToken == "" && set.RefreshToken == "" {
		p.Faults["refresh_token"] = z.Pages.Word("bring.one_of_two")
	}
	if p.Ends != "" {
		at, err := time.Parse(time.RFC3339, p.Ends)
		if set.ExpiresAt = &at; err != nil {
			p.Faults["expires_at"] = z.Pages.Word("bring.expires_fault")
		}
	}
	if len(p.Faults) > 0 {
		return z.show(w, r, "first", p.Faults, p)
	}
	_, err = z.Writer.ImportToken(r.Context(), p.Name, set)
	return z.settled(w, r, p, err)
}
