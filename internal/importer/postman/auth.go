package postman

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// block is the settings of an auth block by their key.
type block map[string]draft.Value

// settings reads an auth block in both spellings.
func settings(auth draft.Value, kind string) block {
	b := make(block)
	v := auth.Get(kind)
	for _, key := range v.Keys() {
		b[key] = v.Get(key)
	}
	for _, item := range v.Items() {
		if key := item.Get("key").Text(); key != "" {
			b[key] = item.Get("value")
		}
	}
	return b
}

func (b block) text(keys ...string) string {
	for _, key := range keys {
		if text := strings.TrimSpace(b[key].Text()); text != "" {
			return text
		}
		// The field of Auth0's audience holds it under an id: {id: value}.
		if inner := b[key].Keys(); len(inner) == 1 {
			if text := b[key].Get(inner[0]).Text(); text != "" {
				return text
			}
		}
	}
	return ""
}

// known are the keys that have a counterpart, or nothing to lose.
const known = " tokenName redirect_uri callBackUrl authUrl accessTokenUrl refreshTokenUrl clientId clientSecret grant_type scope state " +
	"client_authentication clientAuth challengeAlgorithm code_verifier audience resource addTokenTo headerPrefix tokenType accessToken " +
	"authRequestParams tokenRequestParams refreshRequestParams useBrowser accessTokenExpiry refreshToken username password " +
	"access_token token_type timeOffset refreshTokenExpiry "

// oauth2 makes a form of an oauth2 block.
func (r *reader) oauth2(auth draft.Value, base string) (provider string) {
	b := settings(auth, "oauth2")
	f := form.Form{Where: auth.Where(), Variables: r.vars, Name: r.title(b)}
	f.AuthorizationURL, f.TokenURL = b.text("authUrl"), b.text("accessTokenUrl")
	f.RefreshURL = b.text("refreshTokenUrl")
	f.ClientID, f.ClientSecret = b.text("clientId"), b.text("clientSecret")
	f.Scopes, f.Audience, f.Resource = b.text("scope"), b.text("audience"), b.text("resource")
	r.grant(&f, b)
	switch b.text("client_authentication", "clientAuth") {
	case "header":
		f.AuthMethod = "client_secret_basic"
	case "body":
		f.AuthMethod = "client_secret_post"
	}
	f.API.BaseURL = base
	f.API.Token = placement(b)
	legs := map[string]*form.Leg{"authRequestParams": &f.Authorization, "tokenRequestParams": &f.Token, "refreshRequestParams": &f.Refresh}
	for key, leg := range legs {
		r.parameters(b[key], leg, key == "authRequestParams")
	}
	if refresh := b.text("refreshToken"); refresh != "" || b.text("accessToken") != "" {
		f.Tokens = r.token(b)
	}
	for key, v := range b {
		if !strings.Contains(known, " "+key+" ") && v.Exists() {
			r.draft.Add(draft.Note{Where: v.Where(), What: "the setting " + key, Why: "it is not known", Do: "look whether the provider needs it"})
		}
	}
	if f.TokenURL == "" && f.AuthorizationURL == "" && f.Tokens == nil {
		r.draft.Add(draft.Note{Where: f.Where, What: "OAuth 2.0 without its settings", Why: "Postman keeps a token here and not how it was obtained", Do: "fill in Configure New Token in Postman and export again"})
		return ""
	}
	provider, _ = r.builder.Add(f)
	return provider
}

// title names what comes of a block.
func (r *reader) title(b block) string {
	if r.name != "" {
		return r.name
	}
	token, _ := r.vars.Fill(b.text("tokenName"))
	switch strings.ToLower(token) {
	case "", "token", "access token", "access_token", "accesstoken", "oauth2", "oauth", "bearer":
		return r.collectionName
	}
	return token
}

func (r *reader) grant(f *form.Form, b block) {
	grant, _ := r.vars.Fill(b.text("grant_type"))
	switch strings.ToLower(grant) {
	case "", "authorization_code":
		f.Grant = "authorization_code"
	case "authorization_code_with_pkce":
		f.Grant = "authorization_code"
		switch strings.ToUpper(b.text("challengeAlgorithm")) {
		case "PLAIN":
			f.Challenge = "plain"
		default:
			f.Challenge = "S256"
		}
	case "password_credentials":
		f.Grant = "password"
	default:
		f.Grant = grant
	}
	if grant == "" && b.text("authUrl") == "" {
		f.Grant = ""
	}
	if b.text("username") != "" || b.text("password") != "" {
		r.draft.Add(draft.Note{Where: f.Where, What: "user name and password", Why: "Valetkey does not keep people's passwords (RFC 9700 section 2.4)", Do: "let a person authorize the connection"})
	}
	if callback := b.text("redirect_uri", "callBackUrl"); callback != "" {
		r.draft.Add(draft.Note{Where: f.Where, What: "the callback URL", Why: "Valetkey has one of its own", Do: "register Valetkey's redirect URI at the provider: valetkey client show NAME"})
	}
}

// parameters reads the extra parameters of one request.
func (r *reader) parameters(list draft.Value, leg *form.Leg, front bool) {
	for _, item := range list.Items() {
		key := item.Get("key").Text()
		if key == "" || item.Get("enabled").Text() == "false" || item.Get("disabled").Bool() {
			continue
		}
		value := item.Get("value").Text()
		switch as := item.Get("send_as").Text(); {
		case as == "request_header" && front:
			r.draft.Add(draft.Note{Where: item.Where(), What: "a header of the authorization request", Why: "the browser sends that request, and takes no headers from others"})
		case as == "request_header":
			leg.SetHeader(key, value)
		case as == "request_url" && !front:
			r.draft.Add(draft.Note{Where: item.Where(), What: "a parameter of the URL", Why: "it is sent in the body, where RFC 6749 section 3.2 has the parameters", Do: "set encoding: query of that request if the provider insists"})
			leg.Set(key, value)
		default:
			leg.Set(key, value)
		}
	}
}

// placement says where the token goes, if not into the usual header.
func placement(b block) *api.TokenPlacement {
	if b.text("addTokenTo") == "queryParams" {
		return &api.TokenPlacement{In: api.StringList{api.InQuery}}
	}
	prefix := b.text("headerPrefix")
	if _, set := b["headerPrefix"]; !set || strings.EqualFold(prefix, "Bearer") || strings.Contains(prefix, "{{") {
		return nil
	}
	return &api.TokenPlacement{Scheme: &prefix}
}

func (r *reader) token(b block) *api.TokenImport {
	access, missing := r.vars.Fill(b.text("accessToken"))
	refresh, more := r.vars.Fill(b.text("refreshToken"))
	t := api.TokenImport{}
	if len(missing) == 0 && !form.Masked(access) {
		t.AccessToken = api.Secret(access)
	}
	if len(more) == 0 && !form.Masked(refresh) {
		t.RefreshToken = api.Secret(refresh)
	}
	if t.AccessToken == "" && t.RefreshToken == "" {
		return nil
	}
	return &t
}
