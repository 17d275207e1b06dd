package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxPage bounds a page that is searched for the next one, in bytes.
const maxPage = 64 << 20

// pagePrinter prints the pages of one connection's API.
type pagePrinter struct {
	connection string
	head       io.Writer // nil: bodies alone
	body       io.Writer
}

// all prints a page and those that follow, body after body. A next page
// elsewhere than under the base URL is refused: the token does not go there.
func (pr pagePrinter) all(ctx context.Context, s *session, r client.CallRequest) error {
	transport := s.RoundTripper(pr.connection)
	seen := map[string]bool{}
	res, err := s.Call(ctx, pr.connection, r)
	for {
		if err != nil {
			return err
		}
		page, err := pr.print(ctx, res)
		if err != nil {
			return err
		}
		next := nextPage(res, page)
		if next == "" {
			return nil
		}
		if seen[next] {
			return fault.New(api.CodeUpstream, "the pages go in a circle: %s was there already", next)
		}
		seen[next] = true
		if res, err = followPage(ctx, transport, next, r.Header); err != nil {
			return err
		}
	}
}

// print prints one page; the error of an answer of 400 or above comes after
// its body.
func (pr pagePrinter) print(ctx context.Context, res *http.Response) ([]byte, error) {
	defer res.Body.Close()
	if pr.head != nil {
		if err := writeHead(pr.head, res); err != nil {
			return nil, err
		}
	}
	page, err := readPage(ctx, res)
	if err != nil {
		return nil, err
	}
	if _, err := pr.body.Write(append(bytes.TrimRight(page, "\n"), '\n')); err != nil {
		return nil, err
	}
	return page, callOutcome(pr.connection, res)
}

func followPage(ctx context.Context, transport http.RoundTripper, next string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeUpstream, "the address of the next page cannot be read")
	}
	req.Header = header.Clone()
	return transport.RoundTrip(req)
}

func readPage(ctx context.Context, res *http.Response) ([]byte, error) {
	page, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return nil, brokenOff(ctx, err)
	}
	if len(page) > maxPage {
		return nil, fault.New(api.CodeInvalid, "a page is longer than 64 MiB").
			WithHint("ask for smaller pages, or leave --paginate out")
	}
	return page, nil
}

// nextPage is where the next page is: in the body for OData, else in the Link
// header (RFC 8288).
func nextPage(res *http.Response, page []byte) string {
	var odata struct {
		Next string `json:"@odata.nextLink"`
	}
	if json.Unmarshal(page, &odata) == nil && odata.Next != "" {
		return odata.Next
	}
	for _, header := range res.Header.Values("Link") {
		if next := nextOf(header); next != "" {
			return relativeTo(res, next)
		}
	}
	return ""
}

// nextOf finds the target of rel=next in one Link header.
func nextOf(header string) string {
	for header != "" {
		_, rest, found := strings.Cut(header, "<")
		if !found {
			return ""
		}
		target, rest, found := strings.Cut(rest, ">")
		if !found {
			return ""
		}
		params, following, _ := strings.Cut(rest, "<")
		for param := range strings.SplitSeq(strings.TrimRight(params, ", "), ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(param), "=")
			relations := strings.Fields(strings.ToLower(strings.Trim(value, `"`)))
			for _, relation := range relations {
				if strings.EqualFold(key, "rel") && relation == "next" {
					return target
				}
			}
		}
		header = ""
		if following != "" {
			header = "<" + following
		}
	}
	return ""
}

// relativeTo leaves a whole URL and a query alone; "?page=2" belongs to the
// path that was asked for.
func relativeTo(res *http.Response, next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Path != "" || res.Request == nil {
		return next
	}
	path := res.Request.URL.EscapedPath()
	if rest, found := strings.CutPrefix(path, "/proxy/"); found {
		_, path, _ = strings.Cut(rest, "/")
	}
	return "/" + strings.TrimPrefix(path, "/") + next
}
