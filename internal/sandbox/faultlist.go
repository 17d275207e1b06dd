package sandbox

import "strings"

// FaultInfo explains one fault, for help text.
type FaultInfo struct {
	Name        string
	Values      []string // the words it takes; empty for one that takes a count or a duration
	Kind        FaultKind
	Explanation string // one line
}

// FaultKind is what a fault takes as its value.
type FaultKind int

// The kinds of fault.
const (
	Counted FaultKind = iota // "name" is every time, "name=2" the first two times
	Once                     // "name" is the first time alone, "name=2" the first two times
	Chosen                   // "name=word", every time
	Timed                    // "name" or "name=250ms", every time
)

// Usage is the fault as it is written in --faults.
func (f FaultInfo) Usage() string {
	switch f.Kind {
	case Chosen:
		return f.Name + "=" + strings.Join(f.Values, "|")
	case Timed:
		return f.Name + "[=DURATION]"
	default:
		return f.Name + "[=N]"
	}
}

// FaultNames lists every fault the practice provider knows, in the order of a
// connection's life: discovery, authorization, token, refresh, API.
func FaultNames() []FaultInfo {
	var all []FaultInfo
	all = append(all, authorizationFaults()...)
	all = append(all, tokenEndpointFaults()...)
	all = append(all, tokenResponseFaults()...)
	all = append(all, refreshFaults()...)
	return append(all, apiFaults()...)
}

func authorizationFaults() []FaultInfo {
	return []FaultInfo{
		{Name: "metadata_issuer_wrong", Explanation: "discovery names another issuer than the one asked for"},
		{Name: "iss_wrong", Explanation: "the authorization response names another issuer (mix-up attack, RFC 9207)"},
		{Name: "iss_missing", Explanation: "the authorization response has no iss although metadata promises one"},
		{Name: "state_missing", Explanation: "the authorization response has no state"},
		{Name: "code_and_error", Explanation: "the authorization response has both a code and an error"},
		{Name: "code_twice", Explanation: "the authorization response has two code parameters"},
		{Name: "scope_narrowed", Explanation: "the user is taken to have granted all scopes but the last one asked for"},
	}
}

func tokenEndpointFaults() []FaultInfo {
	return []FaultInfo{
		{Name: "token_500", Explanation: "the token endpoint answers 500 with an HTML page; nothing is spent"},
		{Name: "token_503", Explanation: "the token endpoint answers 503 with Retry-After: 1; nothing is spent"},
		{Name: "token_redirect", Explanation: "the token endpoint answers 307 to another address; who follows posts its secrets there and is counted"},
		{Name: "token_html", Explanation: "the token endpoint answers 200 with an HTML page, as a captive portal does; nothing is spent"},
		{Name: "token_hang", Explanation: "the token endpoint does not answer until the client gives up; nothing is spent"},
		{Name: "invalid_client", Explanation: "the token endpoint refuses the client's credential, right or not"},
		{Name: "invalid_grant", Explanation: "the token endpoint refuses the code or refresh token, right or not; nothing is spent"},
		{Name: "errors_as_200", Explanation: "a real error of the token endpoint is sent with status 200"},
	}
}

func tokenResponseFaults() []FaultInfo {
	return []FaultInfo{
		{Name: "expires_in", Kind: Chosen, Values: expiresInWords(), Explanation: "the token response writes expires_in off specification; the token itself lives as configured"},
		{Name: "token_type", Kind: Chosen, Values: []string{"lowercase", "mac", "missing"}, Explanation: "the token response writes token_type as bearer, as mac, or not at all"},
		{Name: "token_form", Explanation: "the token response is form-encoded instead of JSON"},
		{Name: "token_text_html", Explanation: "the token response is right JSON labelled text/html"},
		{Name: "token_truncated", Explanation: "the token response breaks off in the middle of its JSON; the grant is spent"},
		{Name: "token_gzip_bomb", Explanation: "the token response is a gzip body that unpacks to 64 MiB"},
		{Name: "token_slow", Kind: Timed, Explanation: "the token response trickles, one byte a second or a duration given"},
	}
}

func expiresInWords() []string {
	return []string{"string", "float", "exponent", "padded", "missing", "null", "zero", "negative", "huge", "garbage"}
}

func refreshFaults() []FaultInfo {
	return []FaultInfo{
		{Name: "error_in_200", Explanation: "a refresh is answered 200 with an error in the body; nothing is spent"},
		{Name: "drop_after_rotate", Explanation: "a refresh rotates the refresh token, then the connection drops before the answer"},
		{Name: "no_rotation", Explanation: "a refresh answers the same refresh token again"},
		{Name: "rotate_reuse", Explanation: "a refresh rotates, and the old refresh token stays good instead of revoking the grant"},
		{Name: "no_refresh_token", Explanation: "a refresh answers no refresh token; the old one stays good"},
		{Name: "empty_refresh_token", Explanation: "a refresh answers an empty refresh token; the old one stays good"},
	}
}

func apiFaults() []FaultInfo {
	return []FaultInfo{
		{Name: "api_401_once", Kind: Once, Explanation: "the API refuses a good token with 401, the first time"},
		{Name: "api_401_as_200", Explanation: "the API reports a bad token with status 200 and an error in the body"},
		{Name: "api_401_as_403", Explanation: "the API reports a bad token with status 403"},
		{Name: "api_html_login", Explanation: "the API answers a bad token with 200 and an HTML login page"},
		{Name: "api_429", Explanation: "the API answers 429 with Retry-After: 1"},
		{Name: "api_503", Explanation: "the API answers 503 without saying when to return"},
		{Name: "token_in_query", Explanation: "the API also takes the token as the query parameter access_token"},
		{Name: "token_in_body", Explanation: "the API also takes the token as the form field access_token"},
	}
}
