package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
)

// paged is a server whose API, under https://api.example/v1, answers with the
// Link header that links holds for the page asked for.
func paged(t *testing.T, links map[string]string) *client.Client {
	return server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/connections/mail" {
			answer(w, 200, api.Connection{Name: "mail", ConnectionStatus: api.ConnectionStatus{BaseURL: "https://api.example/v1"}})
			return
		}
		page := r.URL.Query().Get("page")
		if link := links[page]; link != "" {
			w.Header().Set("Link", link)
		}
		if page == "broken" {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, r.RequestURI+" "+r.Header.Get("X-Mine"))
	})
}

// walk collects the bodies of all pages.
func walk(ctx context.Context, c *client.Client, path string) (bodies []string, err error) {
	for page, err := range c.Pages(ctx, "mail", client.CallRequest{Path: path, Header: http.Header{"X-Mine": {"yes"}}}) {
		if err != nil {
			return bodies, err
		}
		bodies = append(bodies, string(page.Body))
	}
	return bodies, nil
}

func TestPagesFollowOneAnotherHoweverTheyAreLinked(t *testing.T) {
	for name, link := range map[string]string{
		"a query":            `<?page=2>; rel="next"`,
		"a whole URL":        `<https://api.example/v1/items?page=2>; rel="next"`,
		"a path at the host": `</v1/items?page=2>; rel=next`,
		"a path beside it":   `<items?page=2>; rel="next"`,
		"another host's own": `<//api.example/v1/items?page=2>; rel="next"`,
		"with a fragment":    `<?page=2#top>; rel="next"`,
	} {
		bodies, err := walk(t.Context(), paged(t, map[string]string{"": link}), "/items?page=")
		if err != nil || strings.Join(bodies, "\n") != "/proxy/mail/items?page= yes\n/proxy/mail/items?page=2 yes" {
			t.Errorf("%s: %q, %v", name, bodies, err)
		}
	}
}

func TestThePagesOfAWholeURLFollowToo(t *testing.T) {
	bodies, err := walk(t.Context(), paged(t, map[string]string{"": `<?page=2>; rel=next`}), "https://api.example/v1/items")
	if err != nil || strings.Join(bodies, "\n") != "/proxy/mail/items yes\n/proxy/mail/items?page=2 yes" {
		t.Errorf("%q, %v", bodies, err)
	}
}

func TestTheNextPageIsReadFromLinkHeaders(t *testing.T) {
	for header, want := range map[string]string{
		`<?page=2>; rel="next"`:                                   "2",
		`<?page=1>; rel="prev", <?page=3>; rel="next"`:            "3",
		`<?page=9>; rel=last, <?page=2>; title="x"; rel=next`:     "2",
		`<?page=2>; rel="index NEXT"`:                             "2",
		`<?page=2,b>; rel = next`:                                 "2,b",
		`<?page=1>; rel="prev"`:                                   "",
		`<?page=1>; title="rel=next"`:                             "",
		`nonsense`:                                                "",
		`<unclosed; rel=next`:                                     "",
		`<?page=8>; rel=alternate, <?page=4>; type="<x>"; rel=up`: "",
	} {
		bodies, err := walk(t.Context(), paged(t, map[string]string{"": header}), "/items")
		if err != nil {
			t.Fatal(header, err)
		}
		if want == "" && len(bodies) != 1 || want != "" && (len(bodies) != 2 || !strings.Contains(bodies[1], "?page="+want+" ")) {
			t.Errorf("%s: %q, want page %q", header, bodies, want)
		}
	}
}

func TestODataNamesTheNextPageInTheBody(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/"):
			answer(w, 200, api.Connection{ConnectionStatus: api.ConnectionStatus{BaseURL: "https://api.example/v1"}})
		case r.URL.Query().Get("$skip") == "":
			_, _ = io.WriteString(w, `{"value":[1],"@odata.nextLink":"https://api.example/v1/items?$skip=1"}`)
		default:
			_, _ = io.WriteString(w, `{"value":[2]}`)
		}
	})
	bodies, err := walk(t.Context(), c, "/items")
	if err != nil || len(bodies) != 2 || bodies[1] != `{"value":[2]}` {
		t.Errorf("%q, %v", bodies, err)
	}
}

func TestPagesThatCannotBeFollowedAreErrors(t *testing.T) {
	for name, test := range map[string]struct {
		links map[string]string
		want  api.Code
		pages int
	}{
		"elsewhere":   {map[string]string{"": `<https://evil.example/v1/items>; rel=next`}, api.CodeInvalid, 1},
		"above":       {map[string]string{"": `<https://api.example/admin>; rel=next`}, api.CodeInvalid, 1},
		"unreadable":  {map[string]string{"": `<http://[::1>; rel=next`}, api.CodeInvalid, 1},
		"in a circle": {map[string]string{"": `<?page=2>; rel=next`, "2": `<?page=3>; rel=next`, "3": `<?page=2>; rel=next`}, api.CodeUpstream, 3},
	} {
		bodies, err := walk(t.Context(), paged(t, test.links), "/items")
		var p *api.Problem
		if !errors.As(err, &p) || p.Code != test.want || len(bodies) != test.pages {
			t.Errorf("%s: %d pages, %v", name, len(bodies), err)
		}
	}
}

func TestAnErrorOfTheAPIIsTheLastPage(t *testing.T) {
	c := paged(t, map[string]string{"": `<?page=broken>; rel=next`, "broken": `<?page=3>; rel=next`})
	bodies, err := walk(t.Context(), c, "/items")
	if err != nil || len(bodies) != 2 {
		t.Errorf("%q, %v", bodies, err)
	}
}

func TestAWalkThatIsLeftAsksForNoMorePages(t *testing.T) {
	c := paged(t, map[string]string{"": `<https://evil.example/>; rel=next`})
	for _, err := range c.Pages(t.Context(), "mail", client.CallRequest{Path: "/items"}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func TestAPageThatBreaksOffIsNoPage(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	})
	bodies, err := walk(t.Context(), c, "/items")
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != api.CodeUnreachable || len(bodies) != 0 {
		t.Errorf("%q, %v", bodies, err)
	}
}

func TestAnInterruptedWalkSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := server(t, func(w http.ResponseWriter, _ *http.Request) { cancel() })
	if _, err := walk(ctx, c, "/items"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
