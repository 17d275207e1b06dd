package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/valetkey/valetkey/api"
)

// RegisterClient has Valetkey register a client itself, at the provider's
// registration endpoint or by a document. Its name must be new.
func (c *Client) RegisterClient(ctx context.Context, name string, r api.RegisterRequest) (api.Client, error) {
	var out api.Client
	err := c.do(ctx, request{method: http.MethodPost, path: registrationOf(name), body: r}, &out)
	return out, err
}

// Registration asks the provider how a client is registered (RFC 7592).
func (c *Client) Registration(ctx context.Context, name string) (api.Registration, error) {
	var out api.Registration
	err := c.do(ctx, request{method: http.MethodGet, path: registrationOf(name)}, &out)
	return out, err
}

// ChangeRegistration lays metadata over what is registered.
func (c *Client) ChangeRegistration(ctx context.Context, name string, change api.RegistrationChange) (api.Registration, error) {
	var out api.Registration
	err := c.do(ctx, request{method: http.MethodPut, path: registrationOf(name), body: change}, &out)
	return out, err
}

// Deregister ends a registration at the provider and deletes the client, which
// no connection may use.
func (c *Client) Deregister(ctx context.Context, name string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: registrationOf(name)}, nil)
}

func registrationOf(client string) []string { return []string{"v1", "clients", client, "registration"} }

// Proof makes the proof of possession (RFC 9449) for one request that you send
// yourself with a token that is bound to a key: the value of its header DPoP.
// The key must have a role that may see tokens.
func (c *Client) Proof(ctx context.Context, connection string, r api.ProofRequest) (api.Proof, error) {
	var out api.Proof
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "proof"), body: r}, &out)
	return out, err
}

// Resource asks an API which authorization servers give tokens for it (RFC 9728).
func (c *Client) Resource(ctx context.Context, address string) (api.Resource, error) {
	var out api.Resource
	err := c.do(ctx, request{method: http.MethodGet, path: []string{"v1", "resource"}, query: url.Values{"url": {address}}}, &out)
	return out, err
}
