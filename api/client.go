package api

import "time"

// ClientSpec is what can be written of a client: our registration at a
// provider. A secret that is absent or [Mask] stays as it is; the empty
// string, sent on purpose, removes it.
type ClientSpec struct {
	Description             string            `json:"description,omitempty"`
	Provider                string            `json:"provider"`
	Variables               map[string]string `json:"variables,omitempty"`
	ClientID                string            `json:"client_id"`
	ClientSecret            *Secret           `json:"client_secret,omitempty"`
	PrivateKey              *Secret           `json:"private_key,omitempty"`                // PEM with or without its certificate, JWK, or a service account's JSON file
	TokenEndpointAuthMethod string            `json:"token_endpoint_auth_method,omitempty"` // default: the provider's
	AllowedHosts            []string          `json:"allowed_hosts,omitempty"`              // API hosts its tokens may go to; empty: the base URL's
}

// Client is a client as it reads back. ClientSecret and PrivateKey are [Mask] or absent.
type Client struct {
	Name                    string            `json:"name"`
	Description             string            `json:"description,omitempty"`
	Provider                string            `json:"provider"`
	Variables               map[string]string `json:"variables,omitempty"`
	ClientID                string            `json:"client_id"`
	ClientSecret            string            `json:"client_secret,omitempty"`
	PrivateKey              string            `json:"private_key,omitempty"`
	CertificateExpiresAt    *time.Time        `json:"certificate_expires_at,omitempty"` // of the certificate beside the private key
	TokenEndpointAuthMethod string            `json:"token_endpoint_auth_method,omitempty"`
	AllowedHosts            []string          `json:"allowed_hosts,omitempty"`
	RedirectURI             string            `json:"redirect_uri"`    // to be registered at the provider
	Cause                   *Cause            `json:"cause,omitempty"` // why the provider refuses this client; absent when it does not
	CreatedAt               time.Time         `json:"created_at"`
	UpdatedAt               time.Time         `json:"updated_at"`
}

// ClientList is one page of clients.
type ClientList struct {
	Clients    []Client `json:"clients"`
	NextCursor string   `json:"next_cursor,omitempty"`
}
