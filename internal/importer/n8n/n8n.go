package n8n

import (
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// Read reads exported credentials: a list of them, or one. The name, if any,
// is the name of what comes of them. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	r := reader{draft: &d, builder: form.NewBuilder(&d), name: name}
	for _, file := range files {
		v, err := d.Parse(file)
		if err != nil {
			return d, err
		}
		list := v.Items()
		if v.IsMap() {
			list = []draft.Value{v}
		}
		if len(list) == 0 || list[0].Get("type").Text() == "" || !list[0].Get("data").Exists() {
			return d, fault.New(api.CodeInvalid, "%s is no export of n8n credentials", file.Name).
				WithHint("n8n export:credentials --all --decrypted --output=credentials.json")
		}
		for _, c := range list {
			r.credential(c)
		}
	}
	return d, nil
}

type reader struct {
	draft   *draft.Draft
	builder *form.Builder
	name    string
}

func (r *reader) note(v draft.Value, what, why, do string) {
	r.draft.Add(draft.Note{Where: v.Where(), What: what, Why: why, Do: do})
}

func (r *reader) credential(c draft.Value) {
	kindName, data := c.Get("type").Text(), c.Get("data")
	switch {
	case !strings.Contains(strings.ToLower(kindName), "oauth2"):
		r.note(c, "a credential that is not OAuth 2.0", "Valetkey keeps OAuth 2.0 connections only", "")
		return
	case !data.IsMap():
		r.note(c, "an encrypted credential", "only n8n can read it", "export it readable: n8n export:credentials --all --decrypted --output=credentials.json")
		return
	}
	title := c.Get("name").Text()
	if r.name != "" {
		title = r.name
	}
	f := form.Form{Name: title, Where: c.Where(), Apart: true}
	known, found := kindOf(kindName)
	if !found && kindName != "oAuth2Api" && data.Get("accessTokenUrl").Text() == "" {
		r.note(c, "a credential of a type that is not known", "its addresses stand in n8n's code, not in the export", "add accessTokenUrl and authUrl to its data, or choose a provider of the catalogue")
		return
	}
	f.Variables = variables(kindName, data)
	r.fill(&f, known, data)
	f.Tokens = token(data.Get("oauthTokenData"))
	if status, err := strconv.Atoi(data.Get("tokenExpiredStatusCode").Text()); err == nil && status != 401 && status >= 200 && status < 600 {
		f.API.AuthError = &api.AuthErrorRules{AnswerRule: api.AnswerRule{Statuses: []int{401, status}}}
	}
	r.leftOver(data)
	r.builder.Add(f)
}

// variables are the fields of a credential: an address in its type's row may
// hold them.
func variables(kindName string, data draft.Value) form.Variables {
	fields := make(map[string]string)
	for _, key := range data.Keys() {
		if key != "clientSecret" && key != "oauthTokenData" {
			fields[key] = strings.TrimRight(data.Get(key).Text(), "/")
		}
	}
	return form.Variables{}.With(defaults(kindName, fields["environment"] == "sandbox")).With(fields)
}

func (r *reader) fill(f *form.Form, k kind, data draft.Value) {
	text := func(key, fallback string) string {
		if own := data.Get(key).Text(); own != "" && !strings.HasPrefix(own, "=") {
			return own
		}
		if strings.HasPrefix(data.Get(key).Text(), "=") {
			r.note(data.Get(key), "an expression", "n8n computes it when it runs", "write the value by hand")
		}
		return fallback
	}
	f.AuthorizationURL, f.TokenURL = text("authUrl", k.authURL), text("accessTokenUrl", k.tokenURL)
	f.ClientID, f.ClientSecret = text("clientId", ""), text("clientSecret", "")
	f.Scopes = text("scope", k.scope)
	if data.Get("customScopes").Bool() {
		f.Scopes = text("enabledScopes", f.Scopes)
	}
	if f.Scopes == "+" {
		f.Scopes = ""
		r.note(data, "the scopes", "they are the many that n8n asks for by itself, and not in the export", "set scopes of the connection to those that its calls need")
	}
	if query := text("authQueryParameters", k.query); query != "" && f.AuthorizationURL != "" {
		separator := "?"
		if strings.Contains(f.AuthorizationURL, "?") {
			separator = "&"
		}
		f.AuthorizationURL += separator + strings.TrimLeft(query, "?&")
	}
	switch text("authentication", firstOf(k.authentication, "header")) {
	case "body":
		f.AuthMethod = "client_secret_post"
	default:
		f.AuthMethod = "client_secret_basic"
	}
	switch grant := text("grantType", firstOf(k.grant, "authorizationCode")); grant {
	case "authorizationCode":
		f.Grant = "authorization_code"
	case "pkce":
		f.Grant, f.Challenge = "authorization_code", "S256"
	case "clientCredentials":
		f.Grant = "client_credentials"
	default:
		f.Grant = grant
	}
	r.body(f, data)
}

// body reads the further members of the token request's body.
func (r *reader) body(f *form.Form, data draft.Value) {
	if !data.Get("sendAdditionalBodyProperties").Bool() {
		return
	}
	properties := data.Get("additionalBodyProperties")
	if text := properties.Text(); text != "" {
		parsed, err := r.draft.Parse(draft.File{Name: properties.Where(), Data: []byte(text)})
		if err != nil || !parsed.IsMap() {
			r.note(properties, "additional body properties", "they are no JSON object", "write them into token_request.params of the provider")
			return
		}
		properties = parsed
	}
	for _, key := range properties.Keys() {
		f.Token.Set(key, properties.Get(key).Text())
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// token reads what n8n holds of the grant. A lifetime counts from a time that
// the export does not tell, so it is left out.
func token(v draft.Value) *api.TokenImport {
	t := api.TokenImport{
		AccessToken: secret(v, "access_token", "accessToken"), RefreshToken: secret(v, "refresh_token", "refreshToken"),
		TokenType: v.Get("token_type").Text(), Scope: v.Get("scope").Text(),
	}
	for _, key := range []string{"expiry_date", "expires_at", "expiresAt"} {
		if at, err := strconv.ParseFloat(v.Get(key).Text(), 64); err == nil && at > 1e9 && at < 1e14 {
			if at > 1e11 {
				at /= 1000
			}
			moment := time.Unix(int64(at), 0).UTC()
			t.ExpiresAt = &moment
		}
	}
	if t.AccessToken == "" && t.RefreshToken == "" {
		return nil
	}
	return &t
}

func secret(v draft.Value, keys ...string) api.Secret {
	for _, key := range keys {
		if text := v.Get(key).Text(); text != "" && !form.Masked(text) {
			return api.Secret(text)
		}
	}
	return ""
}

// leftOver notes the settings that have no counterpart.
func (r *reader) leftOver(data draft.Value) {
	for key, what := range map[string]string{
		"ignoreSSLIssues": "ignored certificate errors", "jweEnabled": "encrypted tokens", "useDynamicClientRegistration": "dynamic client registration",
	} {
		if data.Get(key).Bool() {
			r.note(data.Get(key), what, "Valetkey does not do that on an import's word", "see docs/providers.md")
		}
	}
	for _, key := range []string{"privateKey", "certificate"} {
		if data.Get(key).Text() != "" {
			r.note(data.Get(key), "a private key or certificate", "Valetkey reads it from a file", "set private_key of the client and token_endpoint_auth_method private_key_jwt")
		}
	}
}
