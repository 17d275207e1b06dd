package link

import (
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

const (
	pageSize = 50
	day      = 24 * time.Hour
	// consentThenAuthorize is the choice of both in the form.
	consentThenAuthorize = "consent_then_authorize"
)

// listPage is the operator's links, with the form that makes one.
type listPage struct {
	Links  []api.ConnectLink
	Next   string // the id that the next page begins after; "": this is the last
	First  bool
	Filter string // the connection whose links these are; "": all
	Form   linkForm
	Made   *api.NewConnectLink // shown once
	URL    string
	Secret string
	Faults page.Faults
}

type linkForm struct{ Connection, Kind, Account, Days, Name, Message, ReturnTo, Webhook string }

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	v := listPage{Form: linkForm{Connection: query.Get("connection"), Kind: query.Get("kind"), Days: "7"}}
	if made, ok := shelf.Take[api.NewConnectLink](p.shelf, r, true); ok {
		v.Made, v.URL, v.Secret = &made, string(made.URL), string(made.WebhookSecret)
	}
	return p.showList(w, r, http.StatusOK, v)
}

func (p *Pages) showList(w http.ResponseWriter, r *http.Request, status int, v listPage) error {
	query := r.URL.Query()
	v.Filter, v.First = query.Get("connection"), query.Get("before") == ""
	found, err := p.Desk.List(r.Context(), link.Filter{Connection: v.Filter, Before: query.Get("before"), Limit: pageSize + 1})
	if err != nil {
		return err
	}
	v.Links = found
	if len(found) > pageSize {
		v.Links, v.Next = found[:pageSize], found[pageSize-1].ID
	}
	p.Pages.Render(w, r, status, "links", v)
	return nil
}

func (p *Pages) create(w http.ResponseWriter, r *http.Request) error {
	form := linkForm{
		Connection: field(r, "connection"), Kind: field(r, "kind"), Account: field(r, "account"), Days: field(r, "days"), Name: field(r, "name"),
		Message: field(r, "message"), ReturnTo: field(r, "return_to"), Webhook: field(r, "webhook"),
	}
	spec := api.ConnectLinkSpec{
		Connection: form.Connection, Kind: form.Kind, ExpectedAccount: form.Account, ReturnTo: form.ReturnTo, Webhook: form.Webhook,
		Brand: &api.ConnectLinkBrand{Name: form.Name, Message: form.Message},
	}
	if form.Kind == consentThenAuthorize {
		spec.Kind, spec.ThenAuthorize = api.LinkAdminConsent, true
	}
	again := func(status int, name, text string) error {
		return p.showList(w, r, status, listPage{Form: form, Faults: page.Faults{name: text}})
	}
	days, err := strconv.Atoi(form.Days)
	if err != nil || days < 1 || days > 90 {
		return again(http.StatusBadRequest, "days", p.Pages.Word("links.days_fault"))
	}
	spec.ExpiresIn = api.Duration(time.Duration(days) * day)
	if spec.Brand.Logo, err = uploaded(r); err != nil {
		return again(http.StatusBadRequest, "logo", page.Sentences(fault.As(err)))
	}
	made, err := p.Desk.Create(r.Context(), spec)
	if shown := fault.As(err); err != nil && (shown.Code == api.CodeInvalid || shown.Code == api.CodeNotFound) {
		return again(fault.Status(shown.Code), faultyField(shown), page.Sentences(shown))
	}
	if err != nil {
		return err
	}
	p.Pages.Redirect(w, "/links?shown="+p.shelf.Put(r, made))
	return nil
}

func field(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// uploaded is the picture that came with the form, as a link takes it.
func uploaded(r *http.Request) (string, error) {
	file, head, err := r.FormFile("logo")
	if err != nil || head.Size == 0 {
		return "", nil //nolint:nilerr // a link needs no picture
	}
	defer file.Close()
	return readUpload(file, head)
}

func readUpload(file io.Reader, head *multipart.FileHeader) (string, error) {
	content, err := io.ReadAll(file)
	if err != nil {
		return "", fault.Wrap(err, api.CodeInvalid, "the picture broke off")
	}
	kind := "image/png"
	if strings.HasSuffix(strings.ToLower(head.Filename), ".svg") {
		kind = "image/svg+xml"
	}
	logo, err := link.CheckLogo(link.Logo{Kind: kind, Content: content})
	if err != nil {
		return "", err
	}
	return logo.DataURI(), nil
}

// faultyField is the field of the form that a link's fault speaks of.
func faultyField(shown *fault.Error) string {
	for word, name := range map[string]string{
		"return_to": "return_to", "webhook": "webhook", "expected_account": "account", "brand.name": "name", "brand.message": "message",
	} {
		if strings.Contains(shown.Message, word) {
			return name
		}
	}
	return "connection"
}

func (p *Pages) revoke(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Desk.Revoke(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	p.Pages.Redirect(w, "/links?done=link_revoked")
	return nil
}

func (p *Pages) extend(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Desk.Extend(r.Context(), r.PathValue("id"), api.ConnectLinkPatch{ExpiresIn: api.Duration(7 * day)}); err != nil {
		return err
	}
	p.Pages.Redirect(w, "/links?done=link_extended")
	return nil
}
