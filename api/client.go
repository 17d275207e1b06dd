package api

import "time"

// ClientSpec is what can be written of a client: our registration at a
// provider. A secret that is absent or [Mask] stays as it is; the empty
// string, sent on purpose, removes it. That holds for the variables that the
// provider calls secret, too.
type ClientSpec struct {
	Description             string            `json:"description,omitempty"`
	Provider                string            `json:"provider"`
	Variables               map[string]string `json:"variables,omitempty"`
	ClientID                string            `json:"client_id"`
	ClientSecret            *Secret           `json:"client_secret,omitempty"`
	ClientSecrets           *[]Secret         `json:"client_secrets,omitempty"`             // tried in order where the server refuses client_secret, while one is changed for the next; an empty list removes them
	PrivateKey              *Secret           `json:"private_key,omitempty"`                // PEM with or without its certificate, JWK, or a service account's JSON file
	TokenEndpointAuthMethod string            `json:"token_endpoint_auth_method,omitempty"` // default: the provider's
	AllowedHosts            []string          `json:"allowed_hosts,omitempty"`              // API hosts its tokens may go to; empty: the base URL's
	ClientSources
}

// ClientSources are where a client takes from, at each use, what it
// authenticates with, and when its secret ends. None of it is secret. Paths are
// absolute, on the server's machine.
type ClientSources struct {
	ClientSecretExpiresAt *time.Time       `json:"client_secret_expires_at,omitempty"` // as the provider says; absent: not known
	PrivateKeyPath        string           `json:"private_key_path,omitempty"`         // a file as of private_key, read at each use
	CertificatePath       string           `json:"certificate_path,omitempty"`         // the key's certificate in PEM, with its chain, read at each use
	ClientAssertion       *AssertionSource `json:"client_assertion,omitempty"`         // a JWT that somebody else signs (RFC 7521 section 4.2)
}

// AssertionSource is where a client assertion comes from: one of the two.
type AssertionSource struct {
	FromFile    string   `json:"from_file,omitempty"`    // a file that holds it, kept fresh by somebody else
	FromCommand []string `json:"from_command,omitempty"` // a program that the server's operator allows, with its arguments; it prints the assertion
}

// Client is a client as it reads back. ClientSecret and PrivateKey are [Mask] or absent.
type Client struct {
	Name                    string            `json:"name"`
	Description             string            `json:"description,omitempty"`
	Provider                string            `json:"provider"`
	Variables               map[string]string `json:"variables,omitempty"` // a secret one is [Mask]
	ClientID                string            `json:"client_id"`
	ClientSecret            string            `json:"client_secret,omitempty"`
	PrivateKey              string            `json:"private_key,omitempty"`
	TokenEndpointAuthMethod string            `json:"token_endpoint_auth_method,omitempty"`
	AllowedHosts            []string          `json:"allowed_hosts,omitempty"`
	RedirectURI             string            `json:"redirect_uri"`    // to be registered at the provider
	Cause                   *Cause            `json:"cause,omitempty"` // why the provider refuses this client; absent when it does not
	CreatedAt               time.Time         `json:"created_at"`
	UpdatedAt               time.Time         `json:"updated_at"`
	ClientSources
	ClientFindings
}

// ClientFindings is what Valetkey found out about a client.
type ClientFindings struct {
	ClientSecrets        []string     `json:"client_secrets,omitempty"`         // [Mask] for each further secret
	ClientSecretInUse    *SecretInUse `json:"client_secret_in_use,omitempty"`   // where there are several
	FoundAuthMethod      *FoundMethod `json:"found_auth_method,omitempty"`      // where neither client nor provider says one
	CertificateExpiresAt *time.Time   `json:"certificate_expires_at,omitempty"` // of the certificate beside the private key
}

// SecretInUse says which of several secrets the server takes.
type SecretInUse struct {
	Position int       `json:"position"` // 1: client_secret; from 2 on: client_secrets
	Since    time.Time `json:"since"`
}

// FoundMethod is a client authentication method that the server was seen to take.
type FoundMethod struct {
	Method  string    `json:"method"`
	FoundAt time.Time `json:"found_at"`
}

// ClientList is one page of clients.
type ClientList struct {
	Clients    []Client `json:"clients"`
	NextCursor string   `json:"next_cursor,omitempty"`
}
