package known

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/oauth"
)

// differences notes what the draft's provider says and the catalogue's does
// not, by name.
func differences(d *draft.Draft, where string, own, of api.Provider) {
	say := func(what string) {
		d.Add(draft.Note{Where: where, What: what, Why: of.Name + " in the catalogue does not have it",
			Do: "if it is needed, copy the provider under a name of your own: valetkey providers " + of.Name})
	}
	for request, rules := range map[string][2]*oauth.RequestRules{
		"authorization request": {own.AuthorizationRequest, of.AuthorizationRequest},
		"token request":         {own.TokenRequest, of.TokenRequest},
		"refresh request":       {own.RefreshRequest, of.RefreshRequest},
	} {
		if names := missing(rules[0], rules[1]); len(names) > 0 {
			say("in the " + request + ": " + strings.Join(names, ", "))
		}
	}
	if m := own.TokenEndpointAuthMethod; m != "" && of.TokenEndpointAuthMethod != "" && m != of.TokenEndpointAuthMethod {
		say("the client authentication " + string(m))
	}
	if own.TokenResponse != nil && of.TokenResponse == nil {
		say("where the members of the token response stand")
	}
	if own.RefreshEndpoint != "" && of.RefreshEndpoint == "" {
		say("a refresh endpoint of its own")
	}
}

// missing lists the parameters and headers of one request that another lacks
// or has otherwise.
func missing(own, of *oauth.RequestRules) []string {
	if own == nil {
		return nil
	}
	if of == nil {
		of = &oauth.RequestRules{}
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(own.Params)) {
		if of.Params[name] != own.Params[name] {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own.Headers)) {
		if of.Headers[name] != own.Headers[name] {
			names = append(names, name)
		}
	}
	if own.Encoding != of.Encoding {
		names = append(names, "the encoding "+own.Encoding)
	}
	return names
}
