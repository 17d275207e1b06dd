package catalog

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// reference is {name}, {name.member} or {name|filter}. Other braces are ordinary
// text, so that JSON can stand in a parameter.
var reference = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)(?:\|([a-z0-9]+)(?::([0-9]+))?)?\}`)

// The parts of a URL that encode a value each in its own way.
type part int

const (
	inText part = iota // no URL at all
	inAddress
	inHost
	inPath
	inQuery
)

// Variables lists the names that a template uses, each once, in order.
func Variables(template string) []string {
	var names []string
	for _, match := range reference.FindAllStringSubmatch(template, -1) {
		if !slices.Contains(names, match[1]) {
			names = append(names, match[1])
		}
	}
	return names
}

// baseName is the variable of a name or of a name.member.
func baseName(name string) string {
	base, _, _ := strings.Cut(name, ".")
	return base
}

// Expand fills in a URL template. A value is encoded for the place it stands
// in; in the host only letters, digits, dots and hyphens may come of it, and a
// port where the variable is all of the host. {name|raw} is not encoded, and
// {name|host} is the
// host of an address; {name|base64} and {name|prefix:N} speak for themselves.
// A variable that begins a template brings scheme and host: it must be a whole
// address by itself.
//
// The error is [api.CodeNeedsConfiguration] and names the variable.
func Expand(template string, vars map[string]string) (string, error) {
	var out strings.Builder
	rest := 0
	for _, m := range reference.FindAllStringSubmatchIndex(template, -1) {
		out.WriteString(template[rest:m[0]])
		rest = m[1]
		r := referenceAt(template, m)
		value, err := r.value(vars)
		if err != nil {
			return "", err
		}
		where := partOf(template, out.String(), m[0])
		encoded, err := r.encode(value, where, wholeHost(template, m[0], m[1]))
		if err != nil {
			return "", err
		}
		out.WriteString(encoded)
	}
	out.WriteString(template[rest:])
	return checkAddress(template, out.String())
}

// ExpandText fills in a template that is no URL: a header or a parameter. The
// values are not encoded, whoever sends them does that; control characters
// are refused.
func ExpandText(template string, vars map[string]string) (string, error) {
	var out strings.Builder
	rest := 0
	for _, m := range reference.FindAllStringSubmatchIndex(template, -1) {
		out.WriteString(template[rest:m[0]])
		rest = m[1]
		value, err := referenceAt(template, m).value(vars)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
	}
	out.WriteString(template[rest:])
	return out.String(), nil
}

// ref is one reference of a template.
type ref struct {
	name, filter string
	limit        int // of prefix
}

func referenceAt(template string, m []int) ref {
	r := ref{name: template[m[2]:m[3]]}
	if m[4] >= 0 {
		r.filter = template[m[4]:m[5]]
	}
	if m[6] >= 0 {
		// Digits only; what is too large for an int is no limit at all.
		if n, err := strconv.Atoi(template[m[6]:m[7]]); err == nil {
			r.limit = n
		}
	}
	return r
}

// value looks the variable up and applies its filter.
func (r ref) value(vars map[string]string) (string, error) {
	value, ok := vars[r.name]
	if !ok {
		return "", missing(r.name)
	}
	if strings.ContainsFunc(value, isControl) {
		return "", refused(r.name, "holds a control character")
	}
	switch r.filter {
	case "", "raw":
		return value, nil
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte(value)), nil
	case "host":
		u, err := url.Parse(value)
		if err != nil || u.Host == "" {
			return "", refused(r.name, "must be an address such as https://example.com")
		}
		return u.Hostname(), nil
	case "prefix":
		if runes := []rune(value); len(runes) > r.limit {
			return string(runes[:r.limit]), nil
		}
		return value, nil
	default:
		return "", fault.New(api.CodeNeedsConfiguration, "the template function %q in {%s|%s} is not known", r.filter, r.name, r.filter).
			WithHint("use raw, host, base64 or prefix:N")
	}
}

// encode writes a value for the part of the URL it stands in.
func (r ref) encode(value string, where part, whole bool) (string, error) {
	if value == "" && where != inQuery {
		return "", missing(r.name)
	}
	switch where {
	case inAddress:
		return strings.TrimRight(value, "/"), r.checkStart(value)
	case inHost:
		return value, r.checkHost(value, whole)
	case inPath:
		if climbs(value) {
			return "", refused(r.name, "must not be a . or .. step of a path")
		}
		if r.filter != "raw" {
			return url.PathEscape(value), nil
		}
		if strings.ContainsAny(value, "?#\\") {
			return "", refused(r.name, "must not hold ?, # or a backslash in a path")
		}
	case inQuery:
		if r.filter != "raw" {
			return url.QueryEscape(value), nil
		}
	}
	return value, nil
}

// checkStart holds a value that begins an address to being a whole one.
func (r ref) checkStart(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(value, "?#\\ ") || !webScheme(u) {
		return refused(r.name, "must be an http or https address without user, query or fragment")
	}
	return nil
}

func webScheme(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "http" }

var (
	hostLabels = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
	hostPort   = regexp.MustCompile(`:[0-9]{1,5}$`)
)

func (r ref) checkHost(value string, whole bool) error {
	if whole {
		value = hostPort.ReplaceAllString(value, "")
	}
	if !hostLabels.MatchString(value) {
		return refused(r.name, "stands in a host name: letters, digits, dots and hyphens only")
	}
	return nil
}

// climbs says whether a value would move up or stay in the path.
func climbs(value string) bool {
	for step := range strings.SplitSeq(value, "/") {
		if step == "." || step == ".." {
			return true
		}
	}
	return false
}

// partOf says which part of a URL the reference at an index stands in.
func partOf(template, before string, at int) part {
	literal := template[:at]
	if at == 0 {
		return inAddress
	}
	if strings.ContainsAny(reference.ReplaceAllString(literal, ""), "?#") {
		return inQuery
	}
	_, authority, ok := strings.Cut(before, "://")
	if ok && !strings.Contains(authority, "/") {
		return inHost
	}
	return inPath
}

// wholeHost says whether a reference is all that stands between // and /.
func wholeHost(template string, from, to int) bool {
	return strings.HasSuffix(template[:from], "://") && (to == len(template) || strings.ContainsAny(template[to:to+1], "/?#"))
}

// checkAddress makes sure that what came out is one address.
func checkAddress(template, expanded string) (string, error) {
	u, err := url.Parse(expanded)
	if err != nil || u.Host == "" || u.User != nil || !webScheme(u) {
		return "", fault.New(api.CodeNeedsConfiguration, "the template %q does not give an address", template)
	}
	return expanded, nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f || r >= 0x80 && r <= 0x9f }

func missing(name string) *fault.Error {
	return fault.New(api.CodeNeedsConfiguration, "the variable %q has no value", name).
		WithHint("set it with --var %s=VALUE, or under variables of the client or connection", name)
}

// refused never shows the value: a variable may hold a secret.
func refused(name, format string, args ...any) *fault.Error {
	f := fault.New(api.CodeNeedsConfiguration, format, args...)
	f.Message = "the variable \"" + name + "\" " + f.Message
	return f.WithHint("set it with --var %s=VALUE", name)
}
