package session

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

type sessionMark struct{}

func withSession(ctx context.Context, s access.Session) context.Context {
	return context.WithValue(ctx, sessionMark{}, s)
}

// Of is the session of a request that was let through.
func Of(ctx context.Context) access.Session {
	s, _ := ctx.Value(sessionMark{}).(access.Session)
	return s
}

// signInForm is the page that asks who somebody is.
type signInForm struct {
	Name, Next string
	Password   bool   // there is an operator with a password
	OpenID     string // the host of the OpenID provider; "": none
	Faults     page.Faults
}

func (d *Desk) signInPage(w http.ResponseWriter, r *http.Request) {
	if d.Known(r) {
		d.Pages.Redirect(w, local(r.URL.Query().Get("next")))
		return
	}
	d.showSignIn(w, r, http.StatusOK, signInForm{Next: r.URL.Query().Get("next")})
}

func (d *Desk) showSignIn(w http.ResponseWriter, r *http.Request, status int, form signInForm) {
	there, err := d.Operators.Any(r.Context())
	if err != nil {
		page.Fail(d.Pages, w, r, d.Log, err)
		return
	}
	form.Password, form.OpenID = there, d.OpenID.host()
	d.Pages.Render(w, r, status, "sign-in", form)
}

func (d *Desk) signIn(w http.ResponseWriter, r *http.Request) {
	form := signInForm{Name: r.PostFormValue("name"), Next: r.PostFormValue("next")}
	token, s, err := d.Operators.SignIn(r.Context(), form.Name, r.PostFormValue("password"), addressOf(r))
	if err != nil {
		d.notSignedIn(w, r, form, err)
		return
	}
	d.admit(w, s, token, form.Next)
}

// notSignedIn shows the form again with what is wrong, or a page for what is
// not the visitor's doing.
func (d *Desk) notSignedIn(w http.ResponseWriter, r *http.Request, form signInForm, err error) {
	shown := fault.As(err)
	if shown.Code == api.CodeInternal || shown.Code == api.CodeUnavailable {
		page.Fail(d.Pages, w, r, d.Log, err)
		return
	}
	page.Note(r, d.Log, "", shown)
	form.Faults = page.Faults{"": page.Sentences(shown)}
	if shown.Code == api.CodeUnauthenticated {
		form.Faults[""] = page.Sentence(shown.Message) // the page says by itself how a lost one is set anew
	}
	d.showSignIn(w, r, fault.Status(shown.Code), form)
}

func (d *Desk) signOut(w http.ResponseWriter, r *http.Request) {
	if err := d.Operators.SignOut(r.Context(), Of(r.Context())); err != nil {
		page.Fail(d.Pages, w, r, d.Log, err)
		return
	}
	http.SetCookie(w, d.cookie(d.cookieName(), "", -1))
	d.Pages.Redirect(w, "/sign-in?done=signed_out")
}

func (d *Desk) everywhere(w http.ResponseWriter, r *http.Request) {
	if err := d.Operators.SignOutEverywhere(r.Context(), Of(r.Context()).Operator); err != nil {
		page.Fail(d.Pages, w, r, d.Log, err)
		return
	}
	http.SetCookie(w, d.cookie(d.cookieName(), "", -1))
	d.Pages.Redirect(w, "/sign-in?done=signed_out_everywhere")
}

// accountForm is the page of the operator's own account.
type accountForm struct {
	Session access.Session
	Faults  page.Faults
}

func (d *Desk) accountPage(w http.ResponseWriter, r *http.Request) {
	d.Pages.Render(w, r, http.StatusOK, "account", accountForm{Session: Of(r.Context())})
}

func (d *Desk) password(w http.ResponseWriter, r *http.Request) {
	form := accountForm{Session: Of(r.Context())}
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		form.Faults = page.Faults{"again": d.Pages.Word("first_run.differ")}
		d.Pages.Render(w, r, http.StatusBadRequest, "account", form)
		return
	}
	err := d.Operators.ChangePassword(r.Context(), form.Session.Operator, r.PostFormValue("old"), password)
	switch shown := fault.As(err); {
	case err == nil:
		http.SetCookie(w, d.cookie(d.cookieName(), "", -1))
		d.Pages.Redirect(w, "/sign-in?done=password_changed")
	case shown.Code == api.CodeForbidden || shown.Code == api.CodeRateLimited:
		form.Faults = page.Faults{"old": page.Sentences(shown)}
		d.Pages.Render(w, r, fault.Status(shown.Code), "account", form)
	case shown.Code == api.CodeInvalid:
		form.Faults = page.Faults{"password": page.Sentences(shown)}
		d.Pages.Render(w, r, http.StatusBadRequest, "account", form)
	default:
		page.Fail(d.Pages, w, r, d.Log, err)
	}
}
