package api

import "time"

// RegisterRequest has Valetkey register a client itself, at the provider's
// registration endpoint (RFC 7591) or by a document that the provider fetches.
type RegisterRequest struct {
	Provider    string            `json:"provider"`
	Description string            `json:"description,omitempty"`
	Variables   map[string]string `json:"variables,omitempty"`
	// By is auto (default: document where the server takes one and this server has a public https
	// address, else dynamic), document or dynamic.
	By                 string         `json:"by,omitempty"`
	InitialAccessToken Secret         `json:"initial_access_token,omitempty"` // where the provider does not register just anyone
	Metadata           map[string]any `json:"metadata,omitempty"`             // RFC 7591 section 2; wins over what Valetkey says by itself, null leaves out
}

// The values of RegisterRequest.By.
const (
	RegisterAuto     = "auto"
	RegisterDocument = "document"
	RegisterDynamic  = "dynamic"
)

// Registration is a client as its provider has it registered.
type Registration struct {
	Client                string         `json:"client"`
	ClientID              string         `json:"client_id"`
	By                    string         `json:"by"`                                 // document, dynamic
	RegistrationClientURI string         `json:"registration_client_uri,omitempty"`  // where it is managed (RFC 7592); absent: it cannot be
	ClientSecretExpiresAt *time.Time     `json:"client_secret_expires_at,omitempty"` // absent: never, or there is none
	Metadata              map[string]any `json:"metadata"`                           // as registered
}

// RegistrationChange is a change of the registered metadata.
type RegistrationChange struct {
	Metadata map[string]any `json:"metadata"` // laid over what is registered; null leaves out
}
