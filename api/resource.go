package api

// Resource is what an API says of who gives tokens for it (RFC 9728).
type Resource struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"` // issuers
	ScopesSupported      []string `json:"scopes_supported,omitempty"`
	DPoPRequired         bool     `json:"dpop_bound_access_tokens_required,omitempty"`
}
