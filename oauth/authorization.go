package oauth

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// AuthorizationRequest is what a person's browser is sent to the authorization
// endpoint with (RFC 6749 §4.1.1).
type AuthorizationRequest struct {
	ClientID            string
	RedirectURI         string // the exact URI of the callback; required
	State               string // from NewState, bound to the browser; required
	Scopes              []string
	ScopeSeparator      string // default one space
	CodeChallenge       string // from CodeChallenge
	CodeChallengeMethod string
	Prompt              string
	LoginHint           string
	Nonce               string
	ResponseType        string   // default code
	Resource            []string // RFC 8707
	// Extra are further parameters: claims, acr_values, max_age, response_mode,
	// authorization_details. They never replace one of the above.
	Extra         url.Values
	Rules         RequestRules
	AllowInsecure bool // endpoint and redirect URI may be http anywhere
}

// guarded parameters tie the response to the flow: data must not replace or
// drop them.
func guarded() []string { return []string{"state", "code_challenge", "code_challenge_method"} }

// URL gives the address to send the browser to. A query already in the endpoint
// is kept, without repeating a parameter (RFC 6749 §3.1); a fragment stays at
// the end, or takes the parameters when the rules say so. The error is an
// *Error.
func (r AuthorizationRequest) URL(endpoint string) (string, error) {
	if r.Rules.URL != "" {
		endpoint = r.Rules.URL
	}
	opts := insecureOption(r.AllowInsecure)
	u, err := parseEndpoint("authorization endpoint", endpoint, opts)
	if err != nil {
		return "", err
	}
	params, err := r.params(opts)
	if err != nil {
		return "", err
	}
	if r.Rules.Fragment {
		return withFragmentQuery(u, params), nil
	}
	u.RawQuery = mergeQuery(u.RawQuery, params)
	return u.String(), nil
}

// Params gives the parameters as they are sent, for a request that is pushed
// (RFC 9126) or signed (RFC 9101). The error is an *Error.
func (r AuthorizationRequest) Params() (url.Values, error) {
	return r.params(insecureOption(r.AllowInsecure))
}

func (r AuthorizationRequest) params(opts []Option) (url.Values, error) {
	if err := checkRedirectURI(r.RedirectURI, opts); err != nil {
		return nil, err
	}
	if r.State == "" {
		return nil, &Error{Code: CodeInvalidRequest, Description: "an authorization request without state could not be told from a forged one", Action: ActionBug}
	}
	if err := r.Rules.keepGuarded(); err != nil {
		return nil, err
	}
	for _, resource := range r.Resource {
		if err := checkResource(resource); err != nil {
			return nil, err
		}
	}
	responseType := r.ResponseType
	if responseType == "" {
		responseType = "code"
	}
	standard := url.Values{
		"response_type":         {responseType},
		"client_id":             {r.ClientID},
		"redirect_uri":          {r.RedirectURI},
		"state":                 {r.State},
		"scope":                 {JoinScope(r.Scopes, r.ScopeSeparator)},
		"code_challenge":        {r.CodeChallenge},
		"code_challenge_method": {r.CodeChallengeMethod},
		"prompt":                {r.Prompt},
		"login_hint":            {r.LoginHint},
		"nonce":                 {r.Nonce},
		"resource":              r.Resource,
	}
	for name, values := range r.Extra {
		if _, taken := standard[name]; !taken {
			standard[name] = values
		}
	}
	return r.Rules.apply(standard)
}

func (r RequestRules) keepGuarded() error {
	for _, name := range guarded() {
		_, set := r.Params[name]
		_, repeated := r.Repeat[name]
		if set || repeated || slices.Contains(r.Omit, name) {
			return misconfigured(CodeInvalidRequest, "the description of the authorization request must not set or omit "+name+"; to leave PKCE out, say code_challenge_method: none")
		}
	}
	return nil
}

// checkRedirectURI holds RFC 6749 §3.1.2: absolute, without a fragment; and
// http on loopback alone, for the code passes there in clear.
func checkRedirectURI(raw string, opts []Option) error {
	u, err := url.Parse(raw)
	if err != nil || !u.IsAbs() {
		return misconfigured(CodeInvalidRequest, "the redirect URI is not an absolute URL")
	}
	if strings.Contains(raw, "#") {
		return misconfigured(CodeInvalidRequest, "the redirect URI has a fragment")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !slices.Contains(opts, AllowInsecure) {
		return misconfigured(CodeInvalidRequest, "the redirect URI at "+u.Host+" is http; the authorization code would pass in clear")
	}
	return nil
}

// checkResource holds RFC 8707 §2: an absolute URI without a fragment.
func checkResource(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || !u.IsAbs() || strings.Contains(raw, "#") {
		return misconfigured("invalid_target", "the resource is not an absolute URI without a fragment")
	}
	return nil
}

// JoinScope writes scopes as one parameter value (RFC 6749 §3.3). An empty
// separator means one space.
func JoinScope(scopes []string, separator string) string {
	if separator == "" {
		separator = " "
	}
	return strings.Join(scopes, separator)
}

// ParseScope reads a scope value: case-sensitive names, in their order, each
// once. White space and what cannot be printed always separate; so does
// separator when it is not empty.
func ParseScope(value, separator string) []string {
	if separator != "" {
		value = strings.ReplaceAll(value, separator, " ")
	}
	var scopes []string
	seen := map[string]bool{}
	for _, name := range strings.FieldsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		if !seen[name] {
			seen[name] = true
			scopes = append(scopes, name)
		}
	}
	return scopes
}

// mergeQuery adds params to a query without repeating a name; what it keeps of
// the query it keeps byte by byte.
func mergeQuery(query string, params url.Values) string {
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		decoded, err := url.QueryUnescape(name)
		if _, ours := params[decoded]; part == "" || err == nil && ours {
			continue
		}
		parts = append(parts, part)
	}
	if encoded := encodeQuery(params); encoded != "" {
		parts = append(parts, encoded)
	}
	return strings.Join(parts, "&")
}

// encodeQuery writes a space as %20, which every server reads, where + is
// taken for a plus sign by some.
func encodeQuery(params url.Values) string {
	return strings.ReplaceAll(params.Encode(), "+", "%20")
}

// withFragmentQuery serves single-page authorization servers that route behind
// the #.
func withFragmentQuery(u *url.URL, params url.Values) string {
	fragment := u.EscapedFragment()
	u.Fragment, u.RawFragment = "", ""
	path, query, has := strings.Cut(fragment, "?")
	if has || path != "" {
		path += "?"
	}
	return u.String() + "#" + path + mergeQuery(query, params)
}
