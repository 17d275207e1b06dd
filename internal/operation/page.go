package operation

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/weblink"
)

// pages is where a run stands among the pages of an answer.
type pages struct {
	rules api.Pagination
	at    string // whole address of the page read last
	count int    // the number of the next page, or of its first item
	size  int    // items asked for in a page; 0: the API's own
}

// newPages are the rules of an operation with what the caller said of them.
func newPages(op api.Operation, given values) pages {
	p := pages{}
	if op.Pagination != nil {
		p.rules = *op.Pagination
	}
	if p.rules.By == "" {
		p.rules.By = api.PagesByLink
		if Method(op) != http.MethodGet {
			p.rules.By = api.PagesNone
		}
	}
	p.size = p.rules.Size
	if own, ok := number(op, given, p.rules.SizeParameter); ok {
		p.size = own
	}
	if p.rules.By == api.PagesByPage {
		p.count = 1
	}
	if p.rules.Start != nil {
		p.count = *p.rules.Start
	}
	if own, ok := number(op, given, p.rules.Parameter); ok && p.counts() {
		p.count = own
	}
	return p
}

// number is a parameter that the caller gave, by its name in the request.
func number(op api.Operation, given values, name string) (int, bool) {
	for key, value := range given {
		if wireName(op.Parameters[key], key) == name {
			n, err := strconv.Atoi(flat(op.Parameters[key], value))
			return n, err == nil
		}
	}
	return 0, false
}

func (p *pages) counts() bool {
	return p.rules.By == api.PagesByOffset || p.rules.By == api.PagesByPage
}

// first are the query parameters that ask for the first page.
func (p *pages) first() map[string]string {
	extra := make(map[string]string)
	if p.rules.SizeParameter != "" && p.size > 0 {
		extra[p.rules.SizeParameter] = strconv.Itoa(p.size)
	}
	if p.counts() {
		extra[p.rules.Parameter] = strconv.Itoa(p.count)
	}
	return extra
}

// answer is one page as the API gave it.
type answer struct {
	header http.Header
	body   []byte
	items  int
}

// next says where the page after this one is: by query parameters of the same
// request, or by an address. Neither: this was the last.
func (p *pages) next(a answer) (extra map[string]string, address string, err error) {
	if p.rules.More != "" && pointedText(a.body, p.rules.More) == "false" {
		return nil, "", nil
	}
	switch p.rules.By {
	case api.PagesByLink:
		return nil, p.linked(a), nil
	case api.PagesByURL:
		return nil, pointedText(a.body, p.rules.Next), nil
	case api.PagesByCursor:
		cursor := pointedText(a.body, p.rules.Next)
		if cursor == "" {
			return nil, "", nil
		}
		extra = p.first()
		extra[p.rules.Parameter] = cursor
		return extra, "", nil
	case api.PagesByOffset, api.PagesByPage:
		if a.items == 0 || p.size > 0 && a.items < p.size {
			return nil, "", nil
		}
		p.count++
		if p.rules.By == api.PagesByOffset {
			p.count += a.items - 1
		}
		return p.first(), "", nil
	case api.PagesNone:
		return nil, "", nil
	}
	return nil, "", fault.New(api.CodeNeedsConfiguration, "the pagination %q is not known", p.rules.By)
}

// linked is the next page's address in the body (OData) or a Link header (RFC 8288).
func (p *pages) linked(a answer) string {
	if next := pointedText(a.body, "@odata.nextLink"); next != "" {
		return next
	}
	return weblink.Next(a.header)
}

// resolve makes an address whole (RFC 3986 section 5) against the page it stands in.
func (p *pages) resolve(reference string) (string, error) {
	base, err := url.Parse(p.at)
	if err == nil {
		var target *url.URL
		if target, err = base.Parse(reference); err == nil {
			target.Fragment = ""
			return target.String(), nil
		}
	}
	return "", fault.Wrap(err, api.CodeUpstream, "the address of the next page cannot be read")
}
