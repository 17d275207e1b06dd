package api

// GrantSettings is what a grant takes besides the client. Which keys count
// depends on the grant.
type GrantSettings struct {
	Assertion *TokenSource `json:"assertion,omitempty"` // saml2_bearer, jwt_bearer: where it comes from (RFC 7522, RFC 7523)
	Subject   *TokenSource `json:"subject,omitempty"`   // token_exchange, on_behalf_of: whom the token is for; absent: each caller shows one
	Actor     *TokenSource `json:"actor,omitempty"`     // token_exchange: who acts for the subject (RFC 8693 section 1.1)
	// RequestedTokenType and Audience are parameters of token_exchange (RFC
	// 8693 section 2.1).
	RequestedTokenType string     `json:"requested_token_type,omitempty"`
	Audience           StringList `json:"audience,omitempty"`
	// GrantParams are further parameters of the grant's own token request:
	// those that differ from connection to connection.
	GrantParams map[string]string `json:"grant_params,omitempty"`
	// TokenFile is kept in step with each new token set, for programs that read
	// a file; only where the server's operator allows it.
	TokenFile string `json:"token_file,omitempty"`
}

// TokenSource is where a token or an assertion comes from that Valetkey did
// not obtain itself. It is read at each use and kept nowhere. One of
// Connection, File and Command is set.
type TokenSource struct {
	Connection string   `json:"connection,omitempty"` // the access token of another connection
	File       string   `json:"file,omitempty"`       // only under a directory that the server's operator allows
	Command    []string `json:"command,omitempty"`    // program and arguments; only a program that the server's operator allows
	// Type of a subject or actor token (RFC 8693 section 3): access_token
	// (default), id_token, refresh_token, saml1, saml2, jwt, or a URI.
	Type string `json:"type,omitempty"`
}

// GrantInput is what a person or program brings to an authorization that needs
// no browser. Nothing of it is kept longer than the tokens need it.
type GrantInput struct {
	Assertion    Secret `json:"assertion,omitempty"`     // for saml2_bearer and jwt_bearer
	SubjectToken Secret `json:"subject_token,omitempty"` // for token_exchange and on_behalf_of
	Username     string `json:"username,omitempty"`      // for password
	Password     Secret `json:"password,omitempty"`      // for password
}

// RefreshBySameGrant is the RefreshRules.Strategy of a grant that needs no
// person: the next token is obtained as the first one was, though a refresh
// token may have come. It is the default of such grants.
const RefreshBySameGrant = "same_grant"

// AdditionalToken is a token for another resource: what its request says
// besides the renewal's own parameters. The values are templates.
type AdditionalToken struct {
	Params map[string]string `json:"params"` // such as scope or resource
}

// Empty reports whether nothing was brought.
func (g GrantInput) Empty() bool { return g == GrantInput{} }
