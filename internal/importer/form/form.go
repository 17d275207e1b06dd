package form

import (
	"encoding/base64"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// Form is what a tool's OAuth 2.0 form holds. Every text may have {{name}} in
// it, which Variables fills in.
type Form struct {
	Name  string // what the things made of it are called
	Where string // place in the input, for notes
	Endpoints
	Registration
	Ask
	Authorization Leg
	Token         Leg
	Refresh       Leg
	Response      Response
	API           api.CallSettings
	Tokens        *api.TokenImport // a token set that the tool holds
	Apart         bool             // the tool keeps a grant for this form alone, whatever others say
	Variables     Variables
	Given         map[string]string // values of the provider's variables, for the connection
}

// Endpoints of the authorization server. They may have a query.
type Endpoints struct {
	AuthorizationURL, TokenURL, RefreshURL, RevocationURL string
}

// Registration is our side at the authorization server.
type Registration struct {
	ClientID     string
	ClientSecret string
	AuthMethod   string // client_secret_basic, client_secret_post; empty: what the provider takes
	AllowedHosts []string
}

// Ask is what is asked for.
type Ask struct {
	Grant     string // authorization_code, client_credentials; password, implicit and unknown ones are noted
	Scopes    string // as one text
	Separator string // of scopes; empty: as they are written
	Challenge string // S256, plain, none; empty: the default
	Audience  string
	Resource  string
}

// Leg is what a request has besides the RFC's parameters.
type Leg struct {
	Method   string
	Encoding string
	Params   map[string]string
	Headers  map[string]string
}

// Response says where the members of a token response stand, as JSON pointers.
type Response struct {
	AccessToken, RefreshToken, Scope, ExpiresIn string
}

// Set puts a parameter in the leg.
func (l *Leg) Set(name, value string) {
	if l.Params == nil {
		l.Params = make(map[string]string)
	}
	l.Params[name] = value
}

// SetHeader puts a header in the leg.
func (l *Leg) SetHeader(name, value string) {
	if l.Headers == nil {
		l.Headers = make(map[string]string)
	}
	l.Headers[name] = value
}

// basicAuth reads a header Authorization: Basic (RFC 7617).
func basicAuth(name, value string) (user, password string, ok bool) {
	if !strings.EqualFold(name, "Authorization") {
		return "", "", false
	}
	scheme, encoded, _ := strings.Cut(strings.TrimSpace(value), " ")
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	return strings.Cut(string(decoded), ":")
}
