package sandbox

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// authRequest is an authorization request that passed judgement.
type authRequest struct {
	params      url.Values // as received, to carry through the pages
	client      client
	redirectURI string
	state       string
	scopes      []string
	challenge   string
	method      string
	nonce       string
	loginHint   string
	prompt      []string
	maxAge      time.Duration // negative: not given
}

func (a authRequest) prompts(word string) bool { return slices.Contains(a.prompt, word) }

// pkceText is the alphabet and length of RFC 7636 sections 4.1 and 4.2.
var pkceText = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// findRedirect judges client_id and redirect_uri. When either is wrong the
// browser must stay here (RFC 6749 section 4.1.2.1), so the answer is words for
// a page.
func (s *Server) findRedirect(params url.Values) (req authRequest, complaint string) {
	if len(params["client_id"]) != 1 {
		return req, "The request must have one client_id. Use client_id=" + confidentialID + "."
	}
	c, ok := s.findClient(params.Get("client_id"))
	if !ok {
		return req, "No client with this client_id is registered here. Registered are " + confidentialID + " and " + publicID + "."
	}
	if len(params["redirect_uri"]) != 1 {
		return req, "The request must have one redirect_uri."
	}
	if !s.redirectAllowed(params.Get("redirect_uri")) {
		return req, "This redirect_uri is not registered. Any http or https address on 127.0.0.1, [::1] or localhost is, whatever its port and path."
	}
	return authRequest{
		params:      params,
		client:      c,
		redirectURI: params.Get("redirect_uri"),
		state:       params.Get("state"),
	}, ""
}

// judge checks the rest of the request. Its errors go to the redirect URI.
func (a *authRequest) judge() *oauthError {
	for name, values := range a.params {
		if len(values) > 1 {
			return badRequest("invalid_request", "the parameter "+printable(name)+" is given more than once")
		}
	}
	switch a.params.Get("response_type") {
	case "code":
	case "":
		return badRequest("invalid_request", "response_type is missing: use response_type=code")
	default:
		return badRequest("unsupported_response_type", "only response_type=code is supported")
	}
	if mode := a.params.Get("response_mode"); mode != "" && mode != "query" {
		return badRequest("invalid_request", "only response_mode=query is supported")
	}
	if a.params.Has("request") {
		return badRequest("request_not_supported", "request objects are not supported")
	}
	if err := a.judgePKCE(); err != nil {
		return err
	}
	if err := a.judgeScope(); err != nil {
		return err
	}
	return a.judgeOpenID()
}

// judgePKCE reads the code challenge (RFC 7636 section 4.3).
func (a *authRequest) judgePKCE() *oauthError {
	a.challenge, a.method = a.params.Get("code_challenge"), a.params.Get("code_challenge_method")
	if a.challenge == "" {
		if a.client.public() {
			return badRequest("invalid_request", "code_challenge is missing: a client without a secret must use PKCE")
		}
		if a.method != "" {
			return badRequest("invalid_request", "code_challenge_method without code_challenge")
		}
		return nil
	}
	if a.method == "" {
		a.method = "plain"
	}
	if a.method != "S256" && a.method != "plain" {
		return badRequest("invalid_request", "code_challenge_method must be S256 or plain")
	}
	if !pkceText.MatchString(a.challenge) {
		return badRequest("invalid_request", "code_challenge must be 43 to 128 unreserved characters")
	}
	return nil
}

func (a *authRequest) judgeScope() *oauthError {
	a.scopes = splitScope(a.params.Get("scope"))
	if len(a.scopes) == 0 {
		return badRequest("invalid_scope", "scope is missing: ask for some of "+strings.Join(scopeNames(), " "))
	}
	if name, bad := unknownScope(a.scopes, scopeNames()); bad {
		return badRequest("invalid_scope", "the scope "+printable(name)+" is unknown: ask for some of "+strings.Join(scopeNames(), " "))
	}
	return nil
}

// judgeOpenID reads the parameters of OpenID Connect Core section 3.1.2.1.
func (a *authRequest) judgeOpenID() *oauthError {
	a.nonce, a.loginHint = a.params.Get("nonce"), a.params.Get("login_hint")
	a.prompt = splitScope(a.params.Get("prompt"))
	if name, bad := unknownScope(a.prompt, []string{"none", "login", "consent", "select_account"}); bad {
		return badRequest("invalid_request", "prompt has the unknown value "+printable(name))
	}
	if a.prompts("none") && len(a.prompt) > 1 {
		return badRequest("invalid_request", "prompt=none cannot be combined with another value")
	}
	a.maxAge = -1
	if text := a.params.Get("max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 {
			return badRequest("invalid_request", "max_age must be a number of seconds")
		}
		a.maxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

// printable keeps to the characters error_description may have (RFC 6749
// section 4.1.2.1) and to a length that fits a line.
func printable(s string) string {
	const longest = 60
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s)
	if len(clean) > longest {
		return clean[:longest] + "..."
	}
	return clean
}
