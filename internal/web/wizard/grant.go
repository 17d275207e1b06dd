package wizard

import (
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// grantLink is a way to get a token.
type grantLink struct {
	Name    string
	Here    bool // it is the one of this page
	Usual   bool // with this provider; the others are folded away
	Allowed bool // by the server's operator
}

// grantLinks are all ways to get a token, those first that the provider is known
// for.
func (z *Wizard) grantLinks(p api.Provider, chosen string) []grantLink {
	usual := grantsOf(p)
	if !slices.Contains(usual, chosen) {
		usual = append(usual, chosen)
	}
	var links []grantLink
	for _, grant := range usual {
		links = append(links, grantLink{Name: grant, Here: grant == chosen, Usual: true, Allowed: true})
	}
	for _, grant := range arrangement.Grants() {
		if name := string(grant); !slices.Contains(usual, name) {
			links = append(links, grantLink{Name: name, Allowed: z.allowed(name)})
		}
	}
	return links
}

// allowed says whether this server lets connections have a grant.
func (z *Wizard) allowed(grant string) bool {
	return slices.Contains(z.Flows.AllowedGrants(), oauth.GrantType(grant))
}

// grantsOf are the ways to get a token that a provider's description speaks of.
func grantsOf(p api.Provider) []string {
	own := grantOf(p)
	grants := []string{own}
	add := func(grant oauth.GrantType, can bool) {
		if can && string(grant) != own {
			grants = append(grants, string(grant))
		}
	}
	authorizes := p.Issuer != "" || p.AuthorizationEndpoint != "" || len(p.EndpointForms["authorization_endpoint"]) > 0
	add(oauth.GrantAuthorizationCode, authorizes)
	add(oauth.GrantClientCredentials, true)
	add(arrangement.GrantDevice, p.Issuer != "" || p.DeviceAuthorizationEndpoint != "")
	add(arrangement.GrantJWTBearer, p.Assertion != nil)
	return grants
}

// wayOf is how a connection comes by its first token.
func wayOf(spec api.ConnectionSpec, p api.Provider) arrangement.Arrangement {
	return arrangement.Arrangement{Connection: ledger.Connection{Spec: spec}, Described: p, Grant: arrangement.GrantOf(spec, p)}
}
