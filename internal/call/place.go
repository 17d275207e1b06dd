package call

import (
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

// placing puts the configured headers, the configured query and the token
// into a request. It comes after all that the caller sent, so it wins.
type placing struct {
	request    *http.Request
	form       *form // nil: the body is no form
	token      string
	connection string
}

func (p *placing) all(target *target.Target) error {
	for name, value := range target.Headers {
		if err := p.header(name, value, "the configured header "+name); err != nil {
			return err
		}
	}
	if len(target.Query) > 0 { // most have none, and sorting allocates
		for _, name := range slices.Sorted(maps.Keys(target.Query)) { // the same URL each time, for caches
			p.query(name, target.Query[name])
		}
	}
	placed := false
	for _, place := range target.Token {
		done, err := p.place(place)
		if err != nil {
			return err
		}
		placed = placed || done
	}
	if !placed {
		return fault.New(api.CodeInvalid, "the connection %s sends its token in a form body, and this request has none", p.connection).
			WithHint("send a body of at most 1 MiB with Content-Type: application/x-www-form-urlencoded, or add header to api.token.in")
	}
	return nil
}

// place puts the token in one place, if the request has it.
func (p *placing) place(place target.Placement) (done bool, err error) {
	switch place.In {
	case api.InQuery:
		p.query(place.Name, p.token)
		return true, nil
	case api.InBody:
		if p.form == nil {
			return false, nil
		}
		p.form.set(place.Name, p.token)
		return true, nil
	}
	value := p.token
	if place.Scheme != "" {
		value = place.Scheme + " " + p.token
	}
	return true, p.header(place.Name, value, "the header with the access token")
}

// header sets a header. A line break in it would begin another header, so it
// is refused; the value is not shown, since it may be the token.
func (p *placing) header(name, value, what string) error {
	if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
		return fault.New(api.CodeNeedsConfiguration, "%s of the connection %s holds characters that a header cannot", what, p.connection).
			WithHint("look for line breaks in the connection's headers and variables")
	}
	p.request.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	return nil
}

func (p *placing) query(name, value string) {
	p.request.URL.RawQuery = setPair(p.request.URL.RawQuery, name, value)
}

// setPair puts name=value at the end of encoded pairs, in place of all pairs
// of that name. The other pairs keep their order and bytes.
func setPair(pairs, name, value string) string {
	var b strings.Builder
	b.Grow(len(pairs) + len(name) + len(value) + 2)
	for pair := range strings.SplitSeq(pairs, "&") {
		if pair == "" || pairName(pair) == name {
			continue
		}
		b.WriteString(pair)
		b.WriteByte('&')
	}
	b.WriteString(url.QueryEscape(name))
	b.WriteByte('=')
	b.WriteString(url.QueryEscape(value))
	return b.String()
}

func pairName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		return decoded
	}
	return name
}
