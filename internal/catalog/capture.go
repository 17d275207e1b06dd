package catalog

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// maxCaptured bounds one value, in bytes.
const maxCaptured = 2048

// FromCallback reads the variables that come beside the code on the redirect.
// The error is [api.CodeForbidden]: such a value passed through the browser,
// and one that is not allowed may be forged.
func FromCallback(p api.Provider, params url.Values) (map[string]string, error) {
	found := make(map[string]string)
	for _, name := range sourced(p, api.FromCallback) {
		v := p.Variables[name]
		value := params.Get(nameIn(name, v))
		if err := take(found, name, v, value); err != nil {
			return nil, fault.Wrap(err, api.CodeForbidden, "the answer that came back was refused: %s", fault.As(err).Message).
				WithHint("nothing was changed; begin a new authorization")
		}
	}
	return found, nil
}

// FromToken reads the variables that come with a token: from its response and
// the claims of its tokens. Of a renewed one only those that are read on each
// refresh. What was found is returned beside an error, which tells of the
// first that is missing or not allowed.
func FromToken(p api.Provider, t oauth.Token, renewed bool) (map[string]string, error) {
	found := make(map[string]string)
	var failed error
	for _, source := range []struct {
		from   string
		fields func() any
	}{
		{api.FromTokenResponse, func() any { return t.Fields }},
		{api.FromIDTokenClaim, func() any { return claims(t.IDToken) }},
		{api.FromAccessTokenClaim, func() any { return claims(t.AccessToken) }},
	} {
		for _, name := range sourced(p, source.from) {
			v := p.Variables[name]
			if renewed && !v.OnRefresh {
				continue
			}
			value, _ := at(source.fields(), pointerIn(name, v))
			if renewed && value == "" {
				continue // what was captured before stays
			}
			if err := take(found, name, v, value); failed == nil {
				failed = err
			}
		}
	}
	return found, failed
}

// TokenEndpointTold says whether the callback names the token endpoint, or a
// part of it.
func TokenEndpointTold(p api.Provider) bool {
	told := func(template string) bool {
		return slices.ContainsFunc(Variables(template), func(name string) bool {
			return p.Variables[baseName(name)].From == api.FromCallback
		})
	}
	return told(p.TokenEndpoint) || slices.ContainsFunc(p.EndpointForms["token_endpoint"], told)
}

// sourced lists the variables of one source.
func sourced(p api.Provider, from string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.Variables)), func(name string) bool { return p.Variables[name].From != from })
}

// take checks a value and keeps it.
func take(found map[string]string, name string, v api.Variable, value string) error {
	if v.Capture != "" {
		value = captured(v.Capture, value)
	}
	value = strings.TrimSuffix(strings.TrimPrefix(value, v.Prefix), v.Suffix)
	switch {
	case value == "" && (v.Optional || v.Default != ""):
		return nil
	case value == "":
		return told(name, "is missing from the provider's answer")
	case len(value) > maxCaptured || strings.ContainsFunc(value, isControl):
		return told(name, "is no usable text in the provider's answer")
	}
	if err := allowed(name, v, value); err != nil {
		return told(name, "in the provider's answer is not one that the description allows")
	}
	found[name] = value
	return nil
}

// told is a fault about a value that the provider told.
func told(name, what string) error {
	return fault.New(api.CodeNeedsConfiguration, "the value of %q %s", name, what).
		WithHint("look at variables.%s of the provider's description; --var %s=VALUE sets it by hand", name, name)
}

func captured(expression, value string) string {
	pattern, err := regexp.Compile(expression)
	if err != nil {
		return ""
	}
	if groups := pattern.FindStringSubmatch(value); len(groups) > 1 {
		return groups[1]
	}
	return ""
}

func nameIn(name string, v api.Variable) string {
	if v.Name != "" {
		return v.Name
	}
	return name
}

func pointerIn(name string, v api.Variable) string {
	if v.Pointer != "" {
		return v.Pointer
	}
	escaped := strings.NewReplacer("~", "~0", "/", "~1").Replace(nameIn(name, v))
	return "/" + escaped
}

// claims reads what a token says of itself. It came from the token endpoint
// itself, over TLS, which stands for its signature (OpenID Connect Core
// section 3.1.3.7, 6).
func claims(token string) any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	document, err := document(text)
	if err != nil {
		return nil
	}
	return document
}

var errNotOne = errors.New("more than one JSON value")

// document reads one JSON value; its numbers keep their digits.
func document(text []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errNotOne
	}
	return value, nil
}

// at follows a JSON pointer (RFC 6901) to a text, a number or a truth value.
func at(doc any, pointer string) (string, bool) {
	value, ok := node(doc, pointer)
	if !ok {
		return "", false
	}
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

func node(doc any, pointer string) (any, bool) {
	if pointer == "" || pointer == "/" {
		return doc, doc != nil
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch inner := doc.(type) {
		case map[string]any:
			doc = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inner) {
				return nil, false
			}
			doc = inner[i]
		default:
			return nil, false
		}
	}
	return doc, doc != nil
}
