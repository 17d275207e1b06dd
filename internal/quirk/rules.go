package quirk

import (
	"maps"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/oauth"
)

// leg is the key of the request that the ask makes.
func (ask Ask) leg() string {
	if ask.Request.Grant == oauth.GrantRefreshToken {
		return catalog.LegRefresh
	}
	return catalog.LegToken
}

// known is what templates may use besides the variables.
func (ask Ask) known(now time.Time) map[string]string {
	known := catalog.Instant(now)
	maps.Copy(known, map[string]string{
		catalog.InClientID:     ask.Request.Auth.ClientID,
		catalog.InClientSecret: ask.Request.Auth.ClientSecret,
		catalog.InRedirectURI:  ask.RedirectURI,
		catalog.InAccessToken:  ask.AccessToken,
		catalog.InRefreshToken: ask.Request.Params.Get("refresh_token"),
		catalog.InCode:         ask.Request.Params.Get("code"),
	})
	return known
}

// rules are the deviations of the request, complete.
func (ask Ask) rules(now time.Time) (oauth.RequestRules, error) {
	p := ask.Provider.Provider
	own := value(p.TokenRequest)
	if ask.leg() == catalog.LegRefresh {
		own = refreshRules(p)
	}
	rules, err := ask.Provider.Rules(ask.leg(), own, ask.known(now))
	if err != nil {
		return rules, err
	}
	authorization, err := ask.Provider.Authentication(ask.known(now))
	if err == nil && authorization != "" {
		rules.Headers["Authorization"] = authorization
	}
	return rules, err
}

// responseRules say how to judge the answer.
func (ask Ask) responseRules() oauth.ResponseRules {
	p := ask.Provider.Provider
	rules := value(p.TokenResponse)
	if ask.leg() == catalog.LegRefresh && p.RefreshResponse != nil {
		rules = *p.RefreshResponse
	}
	if p.Scopes != nil {
		rules.Asked.Separator = p.Scopes.Separator
	}
	if rules.Asked.TokenSet = ask.TokenSet; ask.TokenSet != "" && p.TokenResponse != nil {
		rules.TokenSets = p.TokenResponse.TokenSets // also where the answer to a refresh has rules of its own
	}
	if ask.Renewal && p.Refresh != nil {
		rules.Asked.DeadGrant = value(p.Refresh.DeadGrant)
	}
	if ask.AccessToken != "" {
		rules.Asked.Redact = append(rules.Asked.Redact, ask.AccessToken)
	}
	return rules
}

// refreshRules lays the refresh request's rules over the token request's:
// everything is inherited but the parameters and the grant.
func refreshRules(p api.Provider) oauth.RequestRules {
	base := value(p.TokenRequest)
	over := p.RefreshRequest
	if over == nil {
		base.Params, base.GrantType = nil, "" // they are the first request's own
		return base
	}
	merged := *over
	if merged.Method == "" {
		merged.Method = base.Method
	}
	if merged.Encoding == "" {
		merged.Encoding = base.Encoding
	}
	headers := maps.Clone(base.Headers)
	if headers == nil {
		headers = make(map[string]string)
	}
	maps.Copy(headers, merged.Headers)
	merged.Headers = headers
	if merged.Rename == nil {
		merged.Rename = base.Rename
	}
	if merged.Omit == nil {
		merged.Omit = base.Omit
	}
	if merged.Auth == "" {
		merged.Auth = base.Auth
	}
	if len(merged.Sign) == 0 {
		merged.Sign = base.Sign
	}
	return merged
}

func value[T any](block *T) T {
	if block == nil {
		return *new(T)
	}
	return *block
}
