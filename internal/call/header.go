package call

import (
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/onbehalf"
)

// forwardable copies the caller's headers without those that end here: the
// fields of one network connection (RFC 9110 section 7.6.1), the caller's own
// credentials, and claims about where the request came from.
func forwardable(in http.Header, upgrade string) (http.Header, error) {
	listed := connectionListed(in)
	out := make(http.Header, len(in)+2)
	for name, values := range in {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fault.New(api.CodeInvalid, "%q cannot be the name of a header", name)
		}
		if isOurs(name) || listed[name] {
			continue
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return nil, fault.New(api.CodeInvalid, "the header %s holds a line break or another control character", name)
			}
		}
		if before, ok := out[name]; ok {
			values = append(before, values...)
		}
		out[name] = values[:len(values):len(values)] // shared: nothing changes a value in its place
	}
	if httpguts.HeaderValuesContainsToken(in["Te"], "trailers") {
		out["Te"] = []string{"trailers"}
	}
	if upgrade != "" {
		out["Connection"], out["Upgrade"] = []string{"Upgrade"}, []string{upgrade}
	}
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = []string{"valetkey"} // some APIs refuse requests without one
	}
	return out, nil
}

// isOurs says whether a header, by its canonical name, ends at the broker.
func isOurs(name string) bool {
	switch name {
	case "Authorization", "Cookie", "X-Valetkey-Key", onbehalf.Header,
		"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Host", "Content-Length", "Forwarded", "X-Real-Ip", "Http2-Settings":
		return true
	}
	return strings.HasPrefix(name, "Proxy-") || strings.HasPrefix(name, "X-Forwarded-")
}

// connectionListed returns the canonical names that Connection fields list.
func connectionListed(in http.Header) map[string]bool {
	var listed map[string]bool
	for _, field := range in["Connection"] {
		for name := range strings.SplitSeq(field, ",") {
			if listed == nil {
				listed = make(map[string]bool)
			}
			listed[textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name))] = true
		}
	}
	return listed
}

// forwardableTrailer returns the names of a trailer that may be passed on;
// their values are known once the body has ended.
func forwardableTrailer(in http.Header) http.Header {
	var out http.Header
	for name := range in {
		if isOurs(name) || !httpguts.ValidTrailerHeader(name) {
			continue
		}
		if out == nil {
			out = make(http.Header, len(in))
		}
		out[name] = nil
	}
	return out
}
