package api

// Variable is a value that is not the same for all clients or connections.
type Variable struct {
	Label    string   `json:"label,omitempty"`
	Default  string   `json:"default,omitempty"`
	Optional bool     `json:"optional,omitempty"`
	Enum     []string `json:"enum,omitempty"`    // the values allowed
	Pattern  string   `json:"pattern,omitempty"` // regular expression the whole value must match
	// Options are the values allowed, where each sets several: {region.host}
	// is the member host of the option chosen for region.
	Options map[string]map[string]string `json:"options,omitempty"`
	Prefix  string                       `json:"prefix,omitempty"` // dropped from the front of what a person types
	Suffix  string                       `json:"suffix,omitempty"` // dropped from its end
	Secret  bool                         `json:"secret,omitempty"` // with from: client: sealed like a client secret, and never shown
	VariableSource
}

// The sources of a variable's value.
const (
	FromUser             = "user"               // the connection's variables, else the client's; the default
	FromClient           = "client"             // the client's variables only: a field of the registration
	FromCallback         = "callback"           // a parameter beside the code (RFC 6749 section 4.1.2)
	FromTokenResponse    = "token_response"     // a member beside the token (RFC 6749 section 5.1)
	FromIDTokenClaim     = "id_token_claim"     // a claim of the ID token
	FromAccessTokenClaim = "access_token_claim" // a claim of an access token that is a JWT (RFC 9068)
	FromRequest          = "request"            // a look-up with the new token
)

// VariableSource says where a value comes from when no person types it. What
// a provider's answer brings is kept with the connection.
type VariableSource struct {
	From      string  `json:"from,omitempty"`       // user (default), client, callback, token_response, id_token_claim, access_token_claim, request
	Name      string  `json:"name,omitempty"`       // of the parameter or claim; default: the variable's own
	Pointer   string  `json:"pointer,omitempty"`    // JSON pointer (RFC 6901) in the token response or claims, in place of name
	Capture   string  `json:"capture,omitempty"`    // regular expression; its first group is the value
	MustMatch string  `json:"must_match,omitempty"` // regular expression the whole value must match, or it is refused
	OnRefresh bool    `json:"on_refresh,omitempty"` // read again from each renewed token response
	Request   *Lookup `json:"request,omitempty"`    // the look-up of from: request
}

// The ways to take one of several values that a look-up found.
const (
	ChooseUser  = "user"  // a person says which; a single one is taken. The default
	ChooseFirst = "first" // the first
	ChooseOnly  = "only"  // there must be one: several mean the wrong account
)

// Lookup is a GET with the new access token that finds a value.
type Lookup struct {
	URL    string `json:"url"`              // template
	List   string `json:"list,omitempty"`   // pointer to the list; default: the whole answer
	Value  string `json:"value"`            // pointer in each item
	Label  string `json:"label,omitempty"`  // pointer in each item: what a person reads
	Choose string `json:"choose,omitempty"` // user (default), first, only
}
