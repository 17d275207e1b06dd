package client

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/weblink"
)

// maxPage bounds one page of [Client.Pages], in bytes.
const maxPage = 64 << 20

// Page is one answer of an API that gives its lists in pages.
type Page struct {
	Status int
	Header http.Header
	Body   []byte
}

// Pages sends a GET to the connection's API, and then one for each page that
// an answer says follows: in the member @odata.nextLink of its body, or in a
// Link header with rel=next (RFC 8288). The header of r goes with all of them.
//
// Each page comes whole, up to 64 MiB. An answer of 400 or above is the last. Errors are those of [Client.Call]; a next page that is
// not under the connection's base URL is one of [api.CodeInvalid], and pages
// that go in a circle are one of [api.CodeUpstream].
func (c *Client) Pages(ctx context.Context, connection string, r CallRequest) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		w := pageWalk{transport: &roundTripper{client: c, connection: connection}, header: r.Header, seen: map[string]bool{}}
		page, err := w.first(ctx, r)
		for yield(page, err) && err == nil {
			reference := page.next()
			if reference == "" {
				return
			}
			page, err = w.follow(ctx, reference)
		}
	}
}

// pageWalk is where a walk over pages stands.
type pageWalk struct {
	transport *roundTripper
	header    http.Header
	request   CallRequest // the first
	at        *url.URL    // the page read last, at the API; nil for the first
	seen      map[string]bool
}

func (w *pageWalk) first(ctx context.Context, r CallRequest) (Page, error) {
	w.request = r
	res, err := w.transport.client.Call(ctx, w.transport.connection, r)
	if err != nil {
		return Page{}, err
	}
	defer res.Body.Close()
	return readPage(ctx, res)
}

// follow gets the page that the one before refers to.
func (w *pageWalk) follow(ctx context.Context, reference string) (Page, error) {
	target, err := w.resolve(ctx, reference)
	if err != nil {
		return Page{}, err
	}
	if w.seen[target.String()] {
		return Page{}, &api.Problem{Title: "The API's answer cannot be used", Code: api.CodeUpstream, Detail: "the pages go in a circle: " + target.Redacted() + " was there already"}
	}
	w.seen[target.String()] = true
	w.at = target
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return Page{}, invalid("the address of the next page cannot be read", "")
	}
	if w.header != nil {
		req.Header = w.header.Clone()
	}
	res, err := w.transport.RoundTrip(req)
	if err != nil {
		return Page{}, err
	}
	defer res.Body.Close()
	return readPage(ctx, res)
}

func readPage(ctx context.Context, res *http.Response) (Page, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	switch {
	case ctx.Err() != nil:
		return Page{}, ctx.Err()
	case err != nil:
		return Page{}, &api.Problem{Title: "The API's answer is not whole", Code: api.CodeUnreachable, Detail: "the answer broke off before its end"}
	case len(body) > maxPage:
		return Page{}, invalid("a page is longer than 64 MiB", "ask the API for smaller pages")
	}
	return Page{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// resolve makes a reference whole (RFC 3986 section 5): against where the page
// lies at the API, not at Valetkey.
func (w *pageWalk) resolve(ctx context.Context, reference string) (*url.URL, error) {
	if w.at == nil {
		base, err := w.transport.baseURL(ctx)
		if err != nil {
			return nil, err
		}
		path, err := w.transport.client.underBase(ctx, w.transport.connection, w.request.Path)
		if err != nil {
			return nil, err
		}
		path, _, _ = strings.Cut(path, "#")
		at, err := url.Parse(strings.TrimRight(base.String(), "/") + "/" + strings.TrimPrefix(path, "/"))
		if err != nil {
			return nil, invalid("the path "+path+" cannot be read", "")
		}
		w.at = at
	}
	target, err := w.at.Parse(reference)
	if err != nil {
		return nil, invalid("the address of the next page cannot be read", "")
	}
	target.Fragment = ""
	return target, nil
}

// next is where the next page is, as this one writes it: in the body for OData,
// else in the Link header. It is empty when there is none.
func (p Page) next() string {
	if p.Status >= http.StatusBadRequest {
		return ""
	}
	var odata struct {
		Next string `json:"@odata.nextLink"`
	}
	if json.Unmarshal(p.Body, &odata) == nil && odata.Next != "" {
		return odata.Next
	}
	return weblink.Next(p.Header)
}
