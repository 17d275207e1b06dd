package connection

import (
	"context"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// resourceFlags are the API that --resource-url names, and what it said.
type resourceFlags struct {
	resourceURL string
	resources   []string
	bound       bool // it takes tokens bound to a key only (RFC 9449)
}

// discover fills in from what the API says of itself (RFC 9728) whatever no
// flag says: the issuer, the base URL and the scopes.
func (p Commands) discover(ctx context.Context, s *prompt.Session, f connectFlags) (connectFlags, error) {
	found, err := s.Resource(ctx, f.resourceURL)
	if err != nil {
		return f, err
	}
	f.resources, f.bound = []string{found.Resource}, found.DPoPRequired
	if f.baseURL == "" {
		f.baseURL = found.Resource
	}
	if len(f.scopes) == 0 {
		f.scopes = found.ScopesSupported
	}
	issuers := found.AuthorizationServers
	switch {
	case f.provider != "" || f.client != "":
	case f.issuer != "" && len(issuers) > 0 && !slices.Contains(issuers, f.issuer):
		return f, prompt.Usage("give one of "+strings.Join(issuers, ", "), "%s does not take tokens of %s", found.Resource, f.issuer)
	case f.issuer != "":
	case len(issuers) == 1:
		f.issuer = issuers[0]
	case len(issuers) == 0:
		return f, prompt.Usage("look the issuer up in its documentation, and give --issuer", "%s names no authorization server", found.Resource)
	default:
		return f, prompt.Usage("give one of them with --issuer", "%s takes tokens of several servers: %s", found.Resource, strings.Join(issuers, ", "))
	}
	p.Note("%s takes tokens of %s", found.Resource, strings.Join(issuers, ", "))
	return f, nil
}

// setsResource writes what the API said of the tokens it takes.
func (f connectFlags) setsResource(spec *api.ConnectionSpec) bool {
	if len(f.resources) == 0 {
		return false
	}
	spec.Resources = f.resources
	if f.bound && spec.DPoP == "" {
		spec.DPoP = api.DPoPRequired
	}
	return true
}
