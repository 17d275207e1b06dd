package oauth

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/oauth/signature"
)

// The encodings of a request's parameters.
const (
	EncodingForm  = "form"  // the body, form-encoded: the RFC's way
	EncodingJSON  = "json"  // the body, one JSON object
	EncodingQuery = "query" // the URL; a GET has no other
)

// AuthAccessToken as RequestRules.Auth presents the token itself instead of
// the client's credentials.
const AuthAccessToken = "access_token"

// RequestRules is how one request of a provider strays from the RFC. The zero
// value strays nowhere. Parameters go through it in this order: Omit and
// Rename speak of the RFC's names; Params and Repeat are then set under the
// names the provider reads and win over what stands there.
type RequestRules struct {
	Method    string              `json:"method,omitempty"`     // default POST
	Encoding  string              `json:"encoding,omitempty"`   // form (default), json, query
	Params    map[string]string   `json:"params,omitempty"`     // sent besides the RFC's parameters
	Repeat    map[string][]string `json:"repeat,omitempty"`     // parameters sent several times
	Headers   map[string]string   `json:"headers,omitempty"`    // set on the request
	Rename    map[string]string   `json:"rename,omitempty"`     // RFC name to the provider's name
	Omit      []string            `json:"omit,omitempty"`       // RFC names left out
	OmitEmpty bool                `json:"omit_empty,omitempty"` // leave out Params that are empty
	GrantType string              `json:"grant_type,omitempty"` // sent as grant_type instead
	URL       string              `json:"url,omitempty"`        // goes here instead of the endpoint
	Fragment  bool                `json:"fragment,omitempty"`   // authorization request: parameters go behind the #
	Auth      string              `json:"auth,omitempty"`       // a client authentication method, or access_token
	Sign      []signature.Rule    `json:"sign,omitempty"`       // signatures over the request, made in this order
}

// apply gives the parameters as they are sent.
func (r RequestRules) apply(standard url.Values) (url.Values, error) {
	sent := url.Values{}
	for name, values := range standard {
		values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
		if len(values) == 0 || slices.Contains(r.Omit, name) {
			continue // a parameter without a value counts as left out: RFC 6749 §3.2
		}
		if len(values) > 1 && !repeatable(name) {
			return nil, &Error{Code: CodeDuplicate, Description: "the parameter " + name + " is given more than once", Action: ActionBug}
		}
		if renamed := r.Rename[name]; renamed != "" {
			name = renamed
		}
		if _, taken := sent[name]; taken {
			return nil, misconfigured(CodeDuplicate, "two parameters would be sent as "+sanitize(name, nil)+"; look at rename")
		}
		sent[name] = values
	}
	for name, value := range r.Params {
		if value == "" && r.OmitEmpty {
			continue
		}
		sent[name] = []string{value}
	}
	for name, values := range r.Repeat {
		if len(values) > 0 {
			sent[name] = slices.Clone(values)
		}
	}
	return sent, nil
}

// repeatable names the parameters that may come several times (RFC 8707 §2,
// RFC 8693 §2.1).
func repeatable(name string) bool { return name == "resource" || name == "audience" }

// ResponseRules is how one provider's token responses stray from RFC 6749 §5.1.
// A pointer is a JSON pointer (RFC 6901) from Root; a bare name x means /x.
type ResponseRules struct {
	Format       string   `json:"format,omitempty"`        // json, form; default: whatever the body is
	Root         string   `json:"root,omitempty"`          // pointer to the object that holds the members
	AccessToken  string   `json:"access_token,omitempty"`  // pointer
	RefreshToken string   `json:"refresh_token,omitempty"` // pointer
	TokenType    string   `json:"token_type,omitempty"`    // pointer
	TokenTypes   []string `json:"token_types,omitempty"`   // further types that are used like Bearer
	Scope        string   `json:"scope,omitempty"`         // pointer
	ExpiryRules
	ErrorWhen *ErrorWhen        `json:"error_when,omitempty"` // an error inside a 200
	AuthError *AuthError        `json:"auth_error,omitempty"` // the grant, or the client, is refused
	Keep      []string          `json:"keep,omitempty"`       // members the answer does not repeat
	TokenSets map[string]string `json:"token_sets,omitempty"` // further token sets: name to root
	Asked     Asked             `json:"-"`                    // what was asked, to judge the answer by
}

// ExpiryRules says where a response tells the lifetime. Without them:
// expires_in in seconds, else expires_on or expires_at.
type ExpiryRules struct {
	ExpiresIn        *Lifetime `json:"expires_in,omitempty"`
	ExpiresAt        *Instant  `json:"expires_at,omitempty"`
	RefreshExpiresIn *Lifetime `json:"refresh_expires_in,omitempty"` // the refresh token's lifetime
	DefaultExpiresIn int64     `json:"default_expires_in,omitempty"` // seconds, when the response tells none
	Expires          string    `json:"expires,omitempty"`            // introspect, jwt, never
}

// The values of ExpiryRules.Expires.
const (
	ExpiresIntrospect = "introspect" // the response does not tell: ask the introspection endpoint
	ExpiresJWT        = "jwt"        // the access token tells, being a JWT (RFC 9068 §2.2)
	ExpiresNever      = "never"      // no lifetime, or one of 0, means for ever
)

// Lifetime is a member that holds a duration.
type Lifetime struct {
	Pointer string `json:"pointer,omitempty"` // default: expires_in
	Unit    string `json:"unit,omitempty"`    // s (default), ms, m
}

// Instant is a member that holds a point in time.
type Instant struct {
	Pointer string `json:"pointer,omitempty"` // default: expires_at
	Format  string `json:"format,omitempty"`  // unix, unix_ms, rfc3339, http; default: tell by the value
}

// ErrorWhen recognizes an error in a success status. All conditions stated must
// hold. A member that is absent meets only present: false.
type ErrorWhen struct {
	Pointer   string `json:"pointer,omitempty"`    // from the document, not from Root
	Equals    any    `json:"equals,omitempty"`     // the member is this
	NotEquals any    `json:"not_equals,omitempty"` // the member is anything else
	Present   *bool  `json:"present,omitempty"`    // the member is there, and not null
	Error     string `json:"error,omitempty"`      // pointer to the error code or message
}

// AuthError recognizes an answer by which a server refuses the grant, or the
// client, in a way of its own, whatever the status. Both its status and what it
// says must match; what is not set matches anything.
type AuthError struct {
	Statuses []int    `json:"statuses,omitempty"`
	Path     string   `json:"path,omitempty"`   // pointer, from the document, not from Root
	Values   []string `json:"values,omitempty"` // any of them, upper or lower case; none: it is there
}

func (e *AuthError) matches(status int, doc any) bool {
	if e == nil || len(e.Statuses) == 0 && e.Path == "" || len(e.Statuses) > 0 && !slices.Contains(e.Statuses, status) {
		return false
	}
	if e.Path == "" {
		return true
	}
	value, found := lookup(doc, e.Path)
	if !found || value == nil {
		return false
	}
	said, scalar := scalarText(value)
	same := func(want string) bool { return scalar && strings.EqualFold(strings.TrimSpace(said), want) }
	return len(e.Values) == 0 || slices.ContainsFunc(e.Values, same)
}

// Asked is what the caller knows of the request that a response answers.
type Asked struct {
	Grant     GrantType // decides what invalid_grant means
	Separator string    // of scopes; default white space
	DeadGrant DeadGrant // what this provider says when a refresh token is dead
	TokenSet  string    // which of ResponseRules.TokenSets is wanted; "": the one at the root
	Redact    []string  // secrets of the request, see TokenRequest.Secrets
}

// DeadGrant is what a provider answers when a grant can no longer be refreshed,
// besides invalid_grant. Both lists must match; an empty one matches anything.
type DeadGrant struct {
	Status []int    `json:"status,omitempty"`
	Error  []string `json:"error,omitempty"` // codes; "" stands for no code at all
}

func (d DeadGrant) matches(status int, code string) bool {
	if len(d.Status) == 0 && len(d.Error) == 0 {
		return false
	}
	sameCode := func(want string) bool { return strings.EqualFold(want, code) }
	return (len(d.Status) == 0 || slices.Contains(d.Status, status)) &&
		(len(d.Error) == 0 || slices.ContainsFunc(d.Error, sameCode))
}

func (w *ErrorWhen) holds(doc any) bool {
	if w == nil {
		return false
	}
	value, found := lookup(doc, w.Pointer)
	found = found && value != nil
	if w.Present != nil && *w.Present != found {
		return false
	}
	if !found {
		return w.Present != nil && w.Equals == nil && w.NotEquals == nil
	}
	if w.Equals != nil && !sameValue(value, w.Equals) {
		return false
	}
	return w.NotEquals == nil || !sameValue(value, w.NotEquals)
}

// sameValue compares a received scalar with one written in a description:
// 0, 0.0 and "0" are the same, "0000" and 0 are not.
func sameValue(got, want any) bool {
	a, okA := scalarText(got)
	b, okB := scalarText(want)
	if !okA || !okB {
		return false
	}
	if a == b {
		return true
	}
	if _, text := got.(string); text {
		return false
	}
	x, okX := number(a)
	y, okY := number(b)
	return okX && okY && x == y
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case nil, map[string]any, []any:
		return "", false
	}
	b, err := json.Marshal(v)
	return string(b), err == nil
}
