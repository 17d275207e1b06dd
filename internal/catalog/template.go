package catalog

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// reference is one {name} or {name|function} of a template.
var reference = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_.]*)((?:\|[a-z0-9]+(?::[0-9]+)?)*)\}`)

// hostValue is what a variable may bring into the host of an address.
var hostValue = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// Variables names the variables of a template, each once, in order.
func Variables(template string) []string {
	var names []string
	for _, match := range reference.FindAllStringSubmatch(template, -1) {
		if !slices.Contains(names, match[1]) {
			names = append(names, match[1])
		}
	}
	return names
}

// Expand fills in the template of an address. A value is percent-encoded for
// where it stands; in the host it may hold letters, digits, dots and dashes
// only. A template that is one variable alone may be a whole address. The
// error has [api.CodeNeedsConfiguration] and names the variable.
func Expand(template string, vars map[string]string) (string, error) {
	if match := reference.FindString(template); match == template || strings.HasPrefix(template, match+"/") && match != "" {
		return expandWhole(template, match, vars)
	}
	return expand(template, vars, func(before, name, value string, raw bool) (string, error) {
		switch place(before) {
		case inHost:
			if !hostValue.MatchString(value) {
				return "", badValue(name, "it stands in a host name: letters, digits, dots and dashes only")
			}
			return value, nil
		case inQuery:
			if raw {
				return value, nil
			}
			return url.QueryEscape(value), nil
		default:
			if raw {
				return value, nil
			}
			return pathSegment(name, value)
		}
	})
}

// ExpandText fills in the template of a header or parameter; values stand as they are.
func ExpandText(template string, vars map[string]string) (string, error) {
	return expand(template, vars, func(_, _, value string, _ bool) (string, error) { return value, nil })
}

// expandWhole is for an address that begins with a variable: the user or the
// provider gives scheme and host, so it must be an address by itself.
func expandWhole(template, first string, vars map[string]string) (string, error) {
	name := reference.FindStringSubmatch(first)[1]
	value, err := lookUp(name, vars)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", badValue(name, "it must be an http or https address without user, query or fragment")
	}
	base := strings.TrimRight(value, "/")
	if template == first {
		return value, nil
	}
	rest, err := Expand("https://host"+strings.TrimPrefix(template, first), vars)
	if err != nil {
		return "", err
	}
	return base + strings.TrimPrefix(rest, "https://host"), nil
}

func expand(template string, vars map[string]string, put func(before, name, value string, raw bool) (string, error)) (string, error) {
	var out strings.Builder
	last := 0
	for _, at := range reference.FindAllStringSubmatchIndex(template, -1) {
		out.WriteString(template[last:at[0]])
		last = at[1]
		name, functions := template[at[2]:at[3]], template[at[4]:at[5]]
		value, err := lookUp(name, vars)
		if err != nil {
			return "", err
		}
		value, raw, err := apply(name, value, functions)
		if err != nil {
			return "", err
		}
		text, err := put(template[:at[0]], name, value, raw)
		if err != nil {
			return "", err
		}
		out.WriteString(text)
	}
	out.WriteString(template[last:])
	return out.String(), nil
}

func lookUp(name string, vars map[string]string) (string, error) {
	value, known := vars[name]
	if !known {
		return "", fault.New(api.CodeNeedsConfiguration, "the variable %q has no value", name).
			WithHint("set it with --var %s=VALUE, or under variables of the client or connection", name)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", badValue(name, "it holds a control character or line break")
	}
	return value, nil
}

func badValue(name, why string) error {
	return fault.New(api.CodeNeedsConfiguration, "the value of the variable %q cannot be used: %s", name, why).
		WithHint("set it with --var %s=VALUE", name)
}

// apply runs the functions of a reference: raw, host, base64, prefix:N.
func apply(name, value, functions string) (text string, raw bool, err error) {
	for function := range strings.SplitSeq(strings.TrimPrefix(functions, "|"), "|") {
		word, argument, _ := strings.Cut(function, ":")
		switch word {
		case "":
		case "raw":
			raw = true
		case "host":
			u, err := url.Parse(value)
			if err != nil || u.Host == "" {
				return "", false, badValue(name, "it must be an address, to take the host from")
			}
			value = u.Host
		case "base64":
			value = base64.StdEncoding.EncodeToString([]byte(value))
		case "prefix":
			n, err := strconv.Atoi(argument)
			if err != nil {
				return "", false, fault.New(api.CodeNeedsConfiguration, "prefix needs a number, as in {%s|prefix:20}", name)
			}
			value = value[:min(n, len(value))]
		default:
			return "", false, fault.New(api.CodeNeedsConfiguration, "the template function %q is not known", word).
				WithHint("use raw, host, base64 or prefix:N")
		}
	}
	return value, raw, nil
}

// pathSegment encodes a value for a path. Dots alone would walk up.
func pathSegment(name, value string) (string, error) {
	if value == "." || value == ".." {
		return "", badValue(name, "it stands in a path")
	}
	return url.PathEscape(value), nil
}

// The parts of an address that a reference can stand in.
const (
	inHost = iota
	inPath
	inQuery
)

// place tells from what stands before a reference where it stands.
func place(before string) int {
	_, rest, found := strings.Cut(before, "://")
	switch {
	case !found, !strings.ContainsAny(rest, "/?#"):
		return inHost
	case strings.Contains(rest, "?"):
		return inQuery
	default:
		return inPath
	}
}
