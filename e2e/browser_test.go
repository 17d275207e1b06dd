package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// maxSteps bounds one visit: login and consent take about eight requests.
const maxSteps = 30

// browser is a person at a browser without scripts: it keeps cookies, follows
// redirects, and fills in and submits forms.
type browser struct {
	client *http.Client
	login  string // what it types as user name
	deny   bool   // at the consent page, follow the link that cancels
	code   string // what it types at the device page
	stopAt string // do not follow a redirect to an address that starts so
}

// page is where a visit ended.
type page struct {
	URL    string // the address, or the one not followed
	Status int    // 0 when the visit stopped before the request
	Body   string
}

// newBrowser returns a browser with an empty cookie jar, whose person logs in as login.
func newBrowser(t *testing.T, login string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Jar:     jar,
		Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return &browser{client: client, login: login}
}

// authorize opens an authorization URL, logs in, consents (or denies) and
// returns the page where that led.
func (b *browser) authorize(t *testing.T, authorizationURL string) page {
	t.Helper()
	return b.visit(t, authorizationURL, b.answer)
}

// open follows redirects only and returns the page as it is.
func (b *browser) open(t *testing.T, address string) page {
	t.Helper()
	return b.visit(t, address, func(page) (*http.Request, error) { return nil, nil })
}

// visit requests addresses until next has nothing more to send.
func (b *browser) visit(t *testing.T, address string, next func(page) (*http.Request, error)) page {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatalf("open %q: %v", address, err)
	}
	for range maxSteps {
		if b.stopAt != "" && strings.HasPrefix(req.URL.String(), b.stopAt) {
			return page{URL: req.URL.String()}
		}
		at, follow, err := b.send(t, req)
		if err != nil {
			t.Fatalf("%s %s: %v", req.Method, req.URL, err)
		}
		if follow == nil {
			if follow, err = next(at); err != nil {
				t.Fatalf("at %s: %v\n%s", at.URL, err, at.Body)
			}
		}
		if follow == nil {
			return at
		}
		req = follow
	}
	t.Fatalf("%s led nowhere in %d steps; the last was %s", address, maxSteps, req.URL)
	return page{}
}

// send makes one request. follow is the request a redirect asks for.
func (b *browser) send(t *testing.T, req *http.Request) (at page, follow *http.Request, err error) {
	res, err := b.client.Do(req.WithContext(t.Context()))
	if err != nil {
		return page{}, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return page{}, nil, err
	}
	at = page{URL: req.URL.String(), Status: res.StatusCode, Body: string(body)}
	if res.StatusCode < 300 || res.StatusCode > 399 {
		follow, err = b.onward(req, res)
		return at, follow, err
	}
	target, err := res.Location()
	if err != nil {
		return at, nil, err
	}
	follow, err = http.NewRequest(http.MethodGet, target.String(), nil)
	return at, follow, err
}

// onward is what a page of ours leads to: one that goes on by itself, and one
// that says who asks, whose button is pressed.
func (b *browser) onward(req *http.Request, res *http.Response) (*http.Request, error) {
	if to, goes := strings.CutPrefix(res.Header.Get("Refresh"), "0; url="); goes {
		target, err := req.URL.Parse(to)
		if err != nil {
			return nil, err
		}
		return http.NewRequest(http.MethodGet, target.String(), nil)
	}
	if strings.Contains(req.URL.Path, "/oauth/start/") && res.StatusCode == http.StatusOK {
		return http.NewRequest(http.MethodPost, req.URL.String(), nil)
	}
	return nil, nil
}

// answer does what a person does with a login or consent page, and nothing
// with any other page.
func (b *browser) answer(at page) (*http.Request, error) {
	doc, err := html.Parse(strings.NewReader(at.Body))
	if err != nil {
		return nil, err
	}
	form := findForm(doc)
	switch form.prompt() {
	case "login":
		form.values.Set("login", b.login)
		form.values.Set("password", "any password will do")
	case "consent":
		if b.deny {
			return cancel(at, doc)
		}
	default:
		if form == nil || !form.values.Has("xsrf") {
			return nil, nil
		}
		// The device page: the code to type, then a question whether it is the right one.
		if form.values.Get("user_code") == "" {
			form.values.Set("user_code", b.code)
		}
	}
	return form.submit(at.URL)
}

// cancel follows the consent page's link back to the client.
func cancel(at page, doc *html.Node) (*http.Request, error) {
	for node := range doc.Descendants() {
		href := attr(node, "href")
		if node.Data != "a" || !strings.HasSuffix(href, "/abort") {
			continue
		}
		target, err := resolve(at.URL, href)
		if err != nil {
			return nil, err
		}
		return http.NewRequest(http.MethodGet, target, nil)
	}
	return nil, fmt.Errorf("the consent page has no link to cancel")
}

// form is the first form of a page, with the values its inputs came with.
type form struct {
	action string
	method string
	values url.Values
}

// prompt tells oidc-provider's login page from its consent page; the page says
// so itself in a hidden input. A page without a form has no prompt.
func (f *form) prompt() string {
	if f == nil {
		return ""
	}
	return f.values.Get("prompt")
}

func (f *form) submit(base string) (*http.Request, error) {
	target, err := resolve(base, f.action)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(strings.ToUpper(f.method), target, strings.NewReader(f.values.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req, nil
}

func findForm(doc *html.Node) *form {
	for node := range doc.Descendants() {
		if node.Type != html.ElementNode || node.Data != "form" {
			continue
		}
		found := &form{action: attr(node, "action"), method: attr(node, "method"), values: url.Values{}}
		for input := range node.Descendants() {
			if input.Data == "input" && attr(input, "name") != "" {
				found.values.Set(attr(input, "name"), attr(input, "value"))
			}
		}
		return found
	}
	return nil
}

func attr(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func resolve(base, ref string) (string, error) {
	from, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	to, err := from.Parse(ref)
	if err != nil {
		return "", err
	}
	return to.String(), nil
}
