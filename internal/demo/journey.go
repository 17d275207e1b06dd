package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// maxPages bounds a journey: login, consent, and the page it ends on.
const maxPages = 4

// maxHTML bounds a page that is searched for a form, in bytes.
const maxHTML = 1 << 20

// Journey is a browser with a person in front, for the practice provider
// alone: it fills in the login and consent pages and nothing else.
type Journey struct {
	browser  *http.Client
	who      sandbox.Credentials
	answer   string   // allow or deny
	callback *url.URL // where the provider sent the browser, code and all
}

// NewJourney makes a browser without cookies, for this person.
func NewJourney(who sandbox.Credentials) (*Journey, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	j := &Journey{who: who, answer: "allow"}
	j.browser = &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if strings.HasSuffix(req.URL.Path, "/oauth/callback") && req.URL.Query().Has("state") {
			j.callback = req.URL
		}
		if len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return j, nil
}

// Deny makes the person refuse the consent.
func (j *Journey) Deny() { j.answer = "deny" }

// Run goes from the authorization URL to where no form is left to fill in.
func (j *Journey) Run(ctx context.Context, start string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, start, nil)
	for range maxPages {
		if err != nil {
			return err
		}
		var found *form
		if found, err = j.visit(req); err != nil {
			return err
		}
		if found == nil || j.callback != nil {
			return nil
		}
		j.fill(found)
		req, err = http.NewRequestWithContext(ctx, http.MethodPost, found.action.String(), strings.NewReader(found.fields.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	return fault.New(api.CodeInternal, "the practice provider asks again and again")
}

func (j *Journey) fill(f *form) {
	if f.fields.Has("username") {
		f.fields.Set("username", j.who.Username)
		f.fields.Set("password", j.who.Password)
		return
	}
	f.fields.Set("action", j.answer)
}

func (j *Journey) visit(req *http.Request) (*form, error) {
	res, err := j.browser.Do(req)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeUnreachable, "a page of the authorization cannot be reached: %v", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest && j.callback == nil {
		return nil, fault.New(api.CodeUpstream, "%s answered %s", res.Request.URL.Redacted(), res.Status)
	}
	if onward, goes := strings.CutPrefix(res.Header.Get("Refresh"), "0; url="); goes {
		return j.goOn(res.Request, onward)
	}
	page, err := html.Parse(io.LimitReader(res.Body, maxHTML))
	if err != nil {
		return nil, fmt.Errorf("reading the page %s: %w", res.Request.URL.Path, err)
	}
	return findForm(page, res.Request.URL), nil
}

// goOn follows a page that leads on by itself, as a browser does: the one after
// the question who began the authorization.
func (j *Journey) goOn(from *http.Request, onward string) (*form, error) {
	target, err := from.URL.Parse(onward)
	if err != nil {
		return nil, fmt.Errorf("the page %s leads to %q: %w", from.URL.Path, onward, err)
	}
	req, err := http.NewRequestWithContext(from.Context(), http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	return j.visit(req)
}

// form is a form that posts.
type form struct {
	action *url.URL
	fields url.Values
}

func findForm(page *html.Node, at *url.URL) *form {
	for node := range page.Descendants() {
		if node.DataAtom != atom.Form || !strings.EqualFold(attribute(node, "method"), http.MethodPost) {
			continue
		}
		action, err := at.Parse(attribute(node, "action"))
		if err != nil {
			continue
		}
		f := &form{action: action, fields: url.Values{}}
		for field := range node.Descendants() {
			if name := attribute(field, "name"); field.DataAtom == atom.Input && name != "" {
				f.fields.Set(name, attribute(field, "value"))
			}
		}
		return f
	}
	return nil
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
