package bruno

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// oauth2 makes a form of an oauth2 block.
func (r *reader) oauth2(a auth, base string) string {
	v := a.values
	f := form.Form{Name: r.title, Where: a.where, Variables: r.vars}
	f.AuthorizationURL, f.TokenURL, f.RefreshURL = v["authorization_url"], v["access_token_url"], v["refresh_token_url"]
	f.ClientID, f.ClientSecret, f.Scopes = v["client_id"], v["client_secret"], v["scope"]
	switch grant := v["grant_type"]; grant {
	case "resource_owner_password_credentials":
		f.Grant = "password"
	default:
		f.Grant = grant
	}
	switch v["credentials_placement"] {
	case "basic_auth_header", "header":
		f.AuthMethod = "client_secret_basic"
	case "body":
		f.AuthMethod = "client_secret_post"
	}
	switch strings.ToLower(v["pkce"]) {
	case "true", "s256":
		f.Challenge = "S256"
	case "plain":
		f.Challenge = "plain"
	}
	f.API.BaseURL, f.API.Token = base, placement(v)
	r.extra(&f, a)
	if v["username"] != "" || v["password"] != "" {
		r.draft.Add(draft.Note{Where: a.where, What: "user name and password", Why: "Valetkey does not keep people's passwords (RFC 9700 section 2.4)", Do: "let a person authorize the connection"})
	}
	if v["callback_url"] != "" {
		r.draft.Add(draft.Note{Where: a.where, What: "the callback URL", Why: "Valetkey has one of its own", Do: "register Valetkey's redirect URI at the provider"})
	}
	provider, _ := r.builder.Add(f)
	return provider
}

// placement says where the token goes, if not into the usual header.
func placement(v map[string]string) *api.TokenPlacement {
	var p api.TokenPlacement
	switch v["token_placement"] {
	case "url", "query":
		p.In, p.Name = api.StringList{api.InQuery}, v["token_query_key"]
	default:
		prefix, set := v["token_header_prefix"]
		if !set || strings.EqualFold(prefix, "Bearer") || strings.Contains(prefix, "{{") {
			break
		}
		p.Scheme = &prefix
	}
	if v["token_source"] == api.TokenSourceIDToken {
		p.Source = api.TokenSourceIDToken
	}
	if len(p.In) == 0 && p.Scheme == nil && p.Source == "" {
		return nil
	}
	return &p
}

// extra reads the further parameters of the requests.
func (r *reader) extra(f *form.Form, a auth) {
	legs := map[string]*form.Leg{"auth_req": &f.Authorization, "access_token_req": &f.Token, "refresh_token_req": &f.Refresh}
	for _, group := range slices.Sorted(maps.Keys(a.extra)) {
		request, place, _ := strings.Cut(group, ":")
		leg := legs[request]
		switch {
		case leg == nil:
			continue
		case place == "headers" && request == "auth_req":
			r.draft.Add(draft.Note{Where: a.where, What: "headers of the authorization request", Why: "the browser sends that request, and takes no headers from others"})
			continue
		case place == "queryparams" && request != "auth_req":
			r.draft.Add(draft.Note{Where: a.where, What: "parameters in the URL of a token request", Why: "they are sent in the body, where RFC 6749 section 3.2 has them", Do: "set encoding: query of that request if the provider insists"})
		}
		for name, value := range a.extra[group] {
			if place == "headers" {
				leg.SetHeader(name, value)
				continue
			}
			leg.Set(name, value)
		}
	}
}
