package link

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/web/page"
)

const (
	// maxForm bounds the form of a visitor, in bytes.
	maxForm = 4 << 10
	// backTime is how long a browser finds back to its link after an attempt.
	backTime = time.Hour
)

// visitPage is what somebody sees who was sent a link.
type visitPage struct {
	Asker     string // who asks
	Host      string // of this installation
	Message   string
	Logo      string // the address of the picture; "": none
	Provider  string
	Account   string // that is expected, or was told by the provider
	Scopes    []link.Scope
	Device    bool
	Consent   *link.Consent // that an administrator is asked for; nil: an authorization
	Embed     bool
	Address   string // of the form, or of the link to try again; "": none
	Status    api.ConnectLinkStatus
	ExpiresAt time.Time
	Outcome
}

// Outcome is what became of an attempt.
type Outcome struct {
	Flow    api.Flow
	Cause   *api.Cause
	QR      template.HTML
	Opener  string   // the origin of the page that is told; "": none
	Link    string   // the link's id
	Granted []string // the organisation that consented
	Return  string   // where the person goes on; "": nowhere
}

// frame is what all pages of a link show.
func (p *Pages) frame(one link.Link) visitPage {
	brand, asker := p.Pages.Brand(), p.host
	if brand.Own {
		asker = brand.Name
	}
	v := visitPage{
		Asker: cmp.Or(one.Terms.Brand.Name, asker), Host: p.host, Message: one.Terms.Brand.Message,
		Account: one.Terms.ExpectedAccount, Status: one.Status, ExpiresAt: one.ExpiresAt,
	}
	if one.Terms.Brand.Logo != "" {
		v.Logo = p.Pages.Prefix() + "/connect-logo/" + one.ID
	}
	return v
}

// visit says who asks, for which account and for what.
func (p *Pages) visit(w http.ResponseWriter, r *http.Request) error {
	one, err := p.Visits.Open(r.Context(), r.PathValue("link"))
	if err != nil {
		return err
	}
	if over(one.Status) {
		return p.ended(w, r, one)
	}
	d, err := p.Visits.Describe(r.Context(), one)
	if err != nil {
		return err
	}
	v := p.frame(one)
	v.Provider, v.Scopes, v.Device = cmp.Or(d.Provider.Title, d.Provider.Name), d.Scopes, d.Device
	v.Account = cmp.Or(v.Account, d.Account)
	if one.ForConsent() {
		v.Consent, v.Account = &d.Consent, one.Terms.ExpectedAccount
	}
	v.Address, v.Embed = p.Pages.Prefix()+r.URL.Path, r.URL.Query().Get("embed") == "1"
	p.Pages.Render(w, r, http.StatusOK, "link", v)
	return nil
}

func over(status api.ConnectLinkStatus) bool {
	return status == api.LinkDone || status == api.LinkExpired || status == api.LinkRevoked
}

// ended says why a link leads nowhere any more.
func (p *Pages) ended(w http.ResponseWriter, r *http.Request, one link.Link) error {
	p.Pages.Render(w, r, http.StatusGone, "link-over", p.frame(one))
	return nil
}

// begin starts an authorization. Its page leads to the provider: a form may
// not, redirects included.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	address := r.PathValue("link")
	one, err := p.Visits.Begin(r.Context(), address, r.PostFormValue("embed") == "1")
	if over(one.Status) {
		return p.ended(w, r, one)
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(one.ID), Value: address, Path: p.Pages.Prefix() + "/oauth/",
		MaxAge: int(backTime / time.Second), Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	p.Pages.Redirect(w, "/oauth/done/"+url.PathEscape(one.Flow))
	return nil
}

// cookieName is one name for each link. It lets a browser, and no other, find
// back to the link that it came from.
func cookieName(id string) string { return "valetkey_link_" + id }

// Asked reports whether this browser read who asks for an authorization that a
// link began, and went on.
func (p *Pages) Asked(r *http.Request, flow string) bool {
	one, ok, err := p.Visits.ByFlow(r.Context(), flow)
	if err != nil || !ok {
		return false
	}
	cookie, err := r.Cookie(cookieName(one.ID))
	return err == nil && sha256.Sum256([]byte(cookie.Value)) == one.Hash
}

// Outcome renders how an authorization stands: one that belongs to a link, or
// one that is typed elsewhere. It reports whether it did.
func (p *Pages) Outcome(w http.ResponseWriter, r *http.Request, id string) bool {
	one, ok, err := p.Visits.ByFlow(r.Context(), id)
	if err != nil {
		p.failVisitor(w, r, err)
		return true
	}
	flow, err := p.Flows.Flow(r.Context(), id)
	if err != nil {
		return false
	}
	if !ok {
		if flow.Status != api.FlowPending || flow.UserCode == "" {
			return false
		}
		p.device(w, r, visitPage{Provider: flow.Connection}, flow)
		return true
	}
	if err := p.outcome(w, r, one, flow); err != nil {
		p.failVisitor(w, r, err)
	}
	return true
}

func (p *Pages) outcome(w http.ResponseWriter, r *http.Request, one link.Link, flow api.Flow) error {
	v := p.frame(one)
	v.Outcome = Outcome{Flow: flow, Cause: flow.Cause, Link: one.ID, Opener: one.Opener(), Return: one.ReturnTo()}
	if cookie, err := r.Cookie(cookieName(one.ID)); err == nil && !over(one.Status) {
		v.Address = p.Pages.Prefix() + "/connect/" + url.PathEscape(cookie.Value)
	}
	d, err := p.Visits.Describe(r.Context(), one)
	if err == nil {
		v.Provider = cmp.Or(d.Provider.Title, d.Provider.Name)
	}
	if one.ForConsent() {
		v.Consent, v.Granted = &d.Consent, slices.Collect(maps.Values(one.Progress.Granted))
	}
	switch {
	case flow.Status == api.FlowDone && v.Return != "" && v.Opener == "":
		w.Header().Set("Location", v.Return)
		w.WriteHeader(http.StatusSeeOther)
	case flow.Status == api.FlowDone:
		v.Account = cmp.Or(d.Account, v.Account)
		p.Pages.Render(w, r, http.StatusOK, "link-done", v)
	case flow.Status == api.FlowFailed:
		p.Pages.Render(w, r, http.StatusConflict, "link-failed", v)
	case flow.UserCode != "":
		p.device(w, r, v, flow)
	default:
		// A page of ours that goes on by itself: what a form answers may not.
		w.Header().Set("Refresh", "0; url="+p.Pages.Prefix()+"/oauth/start/"+url.PathEscape(flow.ID))
		p.Pages.Render(w, r, http.StatusOK, "link-go", v)
	}
	return nil
}

// device shows what to type where.
func (p *Pages) device(w http.ResponseWriter, r *http.Request, v visitPage, flow api.Flow) {
	v.Flow = flow
	v.QR = QR(cmp.Or(flow.VerificationURIComplete, flow.VerificationURI), p.Pages.Word("device.qr"))
	p.Pages.Render(w, r, http.StatusOK, "device", v)
}

// status is what a page asks for that waits for somebody elsewhere.
func (p *Pages) status(w http.ResponseWriter, r *http.Request) error {
	flow, err := p.Flows.Flow(r.Context(), r.PathValue("flow"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"version": string(flow.Status)})
}

// logo serves the picture of who asks.
func (p *Pages) logo(w http.ResponseWriter, r *http.Request) error {
	logo, ok, err := p.Visits.Logo(r.Context(), r.PathValue("id"))
	if err != nil || !ok {
		http.NotFound(w, r)
		return nil //nolint:nilerr // a picture that is not there is no page
	}
	w.Header().Set("Content-Security-Policy", page.PicturePolicy)
	w.Header().Set("Content-Type", logo.Kind)
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, err = w.Write(logo.Content)
	return err
}
