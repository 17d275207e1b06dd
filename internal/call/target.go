package call

import (
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// locate gives the URL of a call: the base URL with path and query added. The
// path is under the base path, or an absolute URL with the base URL as its
// beginning, as an API's link to the next page is.
func locate(base *url.URL, path, query string) (*url.URL, error) {
	if strings.Contains(path, "#") || strings.Contains(query, "#") {
		return nil, fault.New(api.CodeInvalid, "the path holds a #, which begins a fragment").WithHint("write %%23 for the character itself")
	}
	path, own, _ := strings.Cut(path, "?")
	path, err := underBase(base, path)
	if err != nil {
		return nil, err
	}
	encoded, err := checkPath(path)
	if err != nil {
		return nil, err
	}
	full := base.EscapedPath()
	switch {
	case encoded != "":
		full = strings.TrimSuffix(full, "/") + "/" + strings.TrimPrefix(encoded, "/")
	case full == "":
		full = "/"
	}
	decoded, err := url.PathUnescape(full)
	if err != nil {
		return nil, badEscape()
	}
	target := &url.URL{Scheme: base.Scheme, Host: base.Host, Path: decoded, RawPath: full}
	target.RawQuery, err = checkQuery(joinQueries(base.RawQuery, own, query))
	return target, err
}

// underBase cuts the base URL from an absolute URL; another path stays as it
// is. Credentials go to no other origin and to no other path (RFC 6454).
func underBase(base *url.URL, path string) (string, error) {
	scheme, rest, absolute := strings.Cut(path, "://")
	if !absolute || !isScheme(scheme) {
		return path, nil
	}
	end := strings.IndexAny(rest, `/\`)
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	origin, err := url.Parse(scheme + "://" + authority)
	if err != nil || origin.User != nil || !sameOrigin(base, origin) {
		return "", fault.New(api.CodeInvalid, "the URL leads away from %s://%s, the only origin that gets this connection's token", base.Scheme, base.Host).
			WithHint("make a connection of its own for the other host, or send the URL without Valetkey")
	}
	prefix := strings.TrimSuffix(base.EscapedPath(), "/")
	under, ok := strings.CutPrefix(rest, prefix)
	if !ok || (under != "" && under[0] != '/') {
		return "", fault.New(api.CodeInvalid, "the URL lies outside of %s%s/, to which this connection is limited", base.Host, prefix).
			WithHint("if the whole host is meant, shorten api.base_url of the connection")
	}
	return under, nil
}

// isScheme says whether text before "://" can be a scheme rather than a part
// of a path (RFC 3986 section 3.1).
func isScheme(text string) bool {
	if text == "" {
		return false
	}
	for _, c := range []byte(text) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case strings.EqualFold(u.Scheme, "http"):
		return "80"
	}
	return "443"
}

func joinQueries(queries ...string) string {
	joined := ""
	for _, q := range queries {
		switch {
		case q == "":
		case joined == "":
			joined = q
		default:
			joined += "&" + q
		}
	}
	return joined
}
