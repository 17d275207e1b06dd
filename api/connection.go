package api

import "time"

// State is where a connection stands.
type State string

// The states of a connection.
const (
	StateNew                State = "new"                 // never authorized
	StateActive             State = "active"              // its token works, or can be renewed
	StateDegraded           State = "degraded"            // renewal fails for now; the token may still work
	StateNeedsAuthorization State = "needs_authorization" // a person must authorize it
	StateNeedsConfiguration State = "needs_configuration" // the operator must change a setting
	StateBlocked            State = "blocked"             // an administrator at the provider must act
	StateRevoked            State = "revoked"             // given up on purpose
)

// ConnectionSpec is what can be written of a connection.
type ConnectionSpec struct {
	Description string            `json:"description,omitempty"`
	Client      string            `json:"client"`
	Grant       string            `json:"grant,omitempty"`  // authorization_code, client_credentials; default: the provider's
	Scopes      []string          `json:"scopes,omitempty"` // default: the provider's
	Variables   map[string]string `json:"variables,omitempty"`
	API         *CallSettings     `json:"api,omitempty"`
	GrantRequest
	GrantSettings
	// Operations are named requests besides the provider's; of two by one name these win.
	Operations map[string]Operation `json:"operations,omitempty"`
	Tags       map[string]string    `json:"tags,omitempty"` // lists are filtered by them; the last key, for stores look for a tag at the end of the document
}

// GrantRequest says what a grant is asked for besides scopes.
type GrantRequest struct {
	Resources            []string         `json:"resources,omitempty"`             // RFC 8707: whom the tokens are for, absolute URIs
	AuthorizationDetails []map[string]any `json:"authorization_details,omitempty"` // RFC 9396; each has a type
	Claims               map[string]any   `json:"claims,omitempty"`                // OpenID Connect Core section 5.5
	DPoP                 string           `json:"dpop,omitempty"`                  // RFC 9449: auto, required, off; default: the provider's
	// TokenSet says which token of an answer this connection holds, where the
	// description's token_response.token_sets names several; default: the first.
	TokenSet string `json:"token_set,omitempty"`
}

// Connection is one grant under a client, how to call the API with it, and its state.
type Connection struct {
	Name string `json:"name"`
	ConnectionSpec
	ConnectionStatus
}

// ConnectionStatus is what Valetkey knows of a connection; it cannot be written.
type ConnectionStatus struct {
	State         State      `json:"state"`
	Cause         *Cause     `json:"cause,omitempty"`
	ExpiresAt     *time.Time `json:"expires_at,omitempty"` // of the access token; absent when unknown
	Renewable     bool       `json:"renewable"`            // renews itself without a person
	GrantedScopes []string   `json:"granted_scopes,omitempty"`
	MissingScopes []string   `json:"missing_scopes,omitempty"` // asked for, not granted
	GrantLife
	LastUsedAt      *time.Time `json:"last_used_at,omitempty"`
	LastRefreshedAt *time.Time `json:"last_refreshed_at,omitempty"`
	Generation      int64      `json:"generation"` // grows by one with each new token set
	Account         string     `json:"account,omitempty"`
	// BaseURL is where calls go: the connection's api.base_url or the provider's, with the variables
	// filled in. It is empty while a variable is missing.
	BaseURL string `json:"base_url,omitempty"`
	// Captured are the variables that the provider's answers brought.
	Captured  map[string]string `json:"captured,omitempty"`
	Warnings  []string          `json:"warnings,omitempty"` // what will go wrong later, and what to change
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// GrantLife is when a person authorized a connection, and when one must again
// however well it is kept.
type GrantLife struct {
	RefreshExpiresAt *time.Time `json:"refresh_expires_at,omitempty"` // of the refresh token, where the provider says
	AuthorizedAt     *time.Time `json:"authorized_at,omitempty"`
	GrantEndsAt      *time.Time `json:"grant_ends_at,omitempty"` // where the provider documents such a limit
}

// ConnectionList is one page of connections.
type ConnectionList struct {
	Connections []Connection `json:"connections"`
	NextCursor  string       `json:"next_cursor,omitempty"`
}
