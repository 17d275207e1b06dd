package celigo

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// settings reads an oauth block. The iClient's comes first, and what the
// connection says itself goes before it.
func (r *reader) settings(f *form.Form, o draft.Value) {
	set := func(to *string, keys ...string) {
		for _, key := range keys {
			if text := r.text(o.Get(key)); text != "" {
				*to = text
				return
			}
		}
	}
	set(&f.AuthorizationURL, "authURI", "authorizationURI")
	set(&f.TokenURL, "tokenURI")
	set(&f.RefreshURL, "refreshTokenURI", "refreshURI")
	set(&f.ClientID, "clientId")
	set(&f.ClientSecret, "clientSecret")
	if scopes := o.Get("scope").Texts(); len(scopes) > 0 {
		f.Scopes = strings.Join(scopes, " ")
	}
	if delimiter := o.Get("scopeDelimiter").Text(); delimiter != "" {
		f.Separator = delimiter
		f.Scopes = strings.ReplaceAll(f.Scopes, delimiter, " ")
	}
	if hosts := o.Get("validDomainNames").Texts(); len(hosts) > 0 {
		f.AllowedHosts = hosts
	}
	r.grant(f, o)
	r.leg(&f.Token, o, "accessToken")
	r.leg(&f.Refresh, o, "refreshToken")
	r.revoke(f, o.Get("revoke"))
	f.Response.AccessToken = pointer(o.Get("accessTokenPath").Text(), f.Response.AccessToken)
	f.Response.RefreshToken = pointer(o.Get("refreshTokenPath").Text(), f.Response.RefreshToken)
	for _, key := range []string{"username", "password"} {
		if o.Get(key).Text() != "" {
			r.note(o, "user name and password", "Valetkey does not keep people's passwords (RFC 9700 section 2.4)", "let a person authorize the connection")
			break
		}
	}
	for _, key := range []string{"failPath", "failStatusCode"} {
		if o.Get(key).Exists() {
			r.note(o.Get(key), "what marks a failed token answer", "it is written otherwise here", "set token_response.auth_error of the provider: docs/providers.md")
		}
	}
}

func (r *reader) grant(f *form.Form, o draft.Value) {
	switch grant := strings.ToLower(o.Get("grantType").Text()); grant {
	case "":
	case "authorizecode", "authorizationcode", "authorization_code":
		f.Grant = "authorization_code"
	case "clientcredentials", "client_credentials":
		f.Grant = "client_credentials"
	default:
		f.Grant = grant
	}
	switch strings.ToLower(o.Get("clientCredentialsLocation").Text()) {
	case "basicauthheader", "header":
		f.AuthMethod = "client_secret_basic"
	case "body":
		f.AuthMethod = "client_secret_post"
	}
	switch strings.ToLower(firstText(o, "pkceCodeChallengeMethod", "codeChallengeMethod", "pkce")) {
	case "s256", "true":
		f.Challenge = "S256"
	case "plain":
		f.Challenge = "plain"
	}
}

func firstText(v draft.Value, keys ...string) string {
	for _, key := range keys {
		if text := v.Get(key).Text(); text != "" {
			return text
		}
	}
	return ""
}

// leg reads method, headers and body of a request of the token endpoint.
func (r *reader) leg(leg *form.Leg, o draft.Value, prefix string) {
	if method := strings.ToUpper(o.Get(prefix + "Method").Text()); method == "GET" || method == "PUT" {
		leg.Method = method
	}
	for _, header := range o.Get(prefix + "Headers").Items() {
		name, value := header.Get("name").Text(), r.text(header.Get("value"))
		switch {
		case name == "" || value == "":
		case strings.EqualFold(name, "Content-Type"):
			if strings.Contains(value, "json") {
				leg.Encoding = "json"
			}
		default:
			leg.SetHeader(name, value)
		}
	}
	body := o.Get(prefix + "Body")
	text := strings.TrimSpace(body.Text())
	if text == "" {
		return
	}
	if fields, encoding, ok := r.body(body, text); ok {
		if encoding != "" {
			leg.Encoding = encoding
		}
		for name, value := range fields {
			leg.Set(name, value)
		}
		return
	}
	r.note(body, "the body of a token request", "it is neither a form nor one JSON object of texts", "write it into the provider by hand: docs/providers.md")
}

// body reads the parameters of a body. Those that Valetkey sends by itself are
// dropped where they stand in the form (package form).
func (r *reader) body(v draft.Value, text string) (fields map[string]string, encoding string, ok bool) {
	text, whole := r.template(v, text)
	if !whole {
		return nil, "", true
	}
	fields = make(map[string]string)
	if strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "{}") {
		var members map[string]string
		if json.Unmarshal([]byte(text), &members) == nil {
			for name, value := range members {
				fields[name] = value
			}
			return without(fields), "json", true
		}
	}
	if !strings.Contains(text, "=") {
		return nil, "", false
	}
	for _, pair := range strings.Split(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			decoded = value
		}
		if name = strings.TrimSpace(name); name != "" {
			fields[name] = decoded
		}
	}
	return without(fields), "", true
}

// without drops what a request carries anyway: {client_id} as client_id.
func without(fields map[string]string) map[string]string {
	for name, value := range fields {
		switch own := value == "{"+name+"}"; {
		case value == "", name == "grant_type", own && (name == "client_id" || name == "client_secret" || name == "refresh_token" || name == "redirect_uri"):
			delete(fields, name)
		}
	}
	return fields
}

func (r *reader) revoke(f *form.Form, v draft.Value) {
	if !v.IsMap() {
		return
	}
	if address := r.text(v.Get("uri")); address != "" {
		f.RevocationURL = address
	}
	if v.Get("body").Text() != "" || len(v.Get("headers").Items()) > 0 {
		r.note(v, "body and headers of the revocation", "they are sent as RFC 7009 has them", "set revocation_request of the provider if that is refused")
	}
}

// pointer writes a.b.c as the JSON pointer /a/b/c.
func pointer(path, before string) string {
	if path = strings.TrimSpace(path); path == "" {
		return before
	}
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + strings.ReplaceAll(strings.NewReplacer("~", "~0", "/", "~1", "[", ".", "]", "").Replace(path), ".", "/")
}
