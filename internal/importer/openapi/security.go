package openapi

import (
	"maps"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// grant is one flow of one oauth2 scheme, or an OpenID provider.
type grant struct {
	at     draft.Value
	scheme string // its name in the description
	flow   string // authorizationCode, clientCredentials, implicit, password, deviceAuthorization; empty for OpenID
	issuer string

	authorization, token, refresh, device string

	scopes map[string]string
}

// grants lists what the security schemes offer, in the order of their names.
// What is no OAuth is noted.
func (r *reader) grants() []grant {
	schemes := r.root.At("components", "securitySchemes")
	if r.version == "2" {
		schemes = r.root.Get("securityDefinitions")
	}
	var found []grant
	for _, name := range schemes.Keys() {
		scheme := r.resolve(schemes.Get(name))
		var of []grant
		switch kind := strings.ToLower(scheme.Get("type").Text()); kind {
		case "oauth2":
			of = r.flows(name, scheme)
		case "openidconnect":
			of = r.openID(name, scheme)
		case "":
			r.note(schemes.Get(name), "a security scheme", "it has no type", "")
		default:
			r.notOAuth(scheme, kind)
		}
		r.schemes[name] = len(of) > 0
		found = append(found, of...)
	}
	return found
}

// notOAuth says what a scheme is that is carried over by nothing.
func (r *reader) notOAuth(scheme draft.Value, kind string) {
	what := map[string]string{
		"apikey": "an API key", "basic": "a user name and password", "mutualtls": "a client certificate",
	}[kind]
	if kind == "http" {
		switch strings.ToLower(scheme.Get("scheme").Text()) {
		case "basic":
			what = "a user name and password"
		case "bearer":
			what = "a bearer token"
		default:
			what = "a way of HTTP to authenticate"
		}
	}
	if what == "" {
		what = "a security scheme of an unknown type"
	}
	r.note(scheme, what, "it does not say how a token is obtained; only oauth2 and openIdConnect do", "")
}

// openID reads a scheme that names an OpenID provider by its metadata.
func (r *reader) openID(name string, scheme draft.Value) []grant {
	address := scheme.Get("openIdConnectUrl")
	issuer, found := strings.CutSuffix(strings.TrimRight(address.Text(), "/"), "/.well-known/openid-configuration")
	if !found {
		r.note(address, "the address of an OpenID provider", "it does not end in /.well-known/openid-configuration, so the issuer is not known", "set issuer, or the endpoints")
		return nil
	}
	return []grant{{at: scheme, scheme: name, issuer: r.address(issuer)}}
}

// flowsOf2 gives the flows of Swagger 2.0 their later names.
func flowsOf2(flow string) string {
	switch flow {
	case "accessCode":
		return "authorizationCode"
	case "application":
		return "clientCredentials"
	}
	return flow
}

func (r *reader) flows(name string, scheme draft.Value) []grant {
	if r.version == "2" {
		return []grant{r.flow(name, flowsOf2(scheme.Get("flow").Text()), scheme)}
	}
	flows := scheme.Get("flows")
	var found []grant
	for _, flow := range flows.Keys() {
		if at := flows.Get(flow); at.IsMap() && !strings.HasPrefix(flow, "x-") {
			found = append(found, r.flow(name, flow, at))
		}
	}
	if len(found) == 0 {
		r.note(scheme, "an oauth2 scheme", "it has no flows", "set the endpoints")
	}
	return found
}

func (r *reader) flow(name, flow string, at draft.Value) grant {
	g := grant{
		at: at, scheme: name, flow: flow,
		authorization: r.endpoint(at.Get("authorizationUrl")),
		token:         r.endpoint(at.Get("tokenUrl")),
		refresh:       r.endpoint(at.Get("refreshUrl")),
		device:        r.endpoint(at.Get("deviceAuthorizationUrl")),
		scopes:        make(map[string]string),
	}
	scopes := at.Get("scopes")
	for _, scope := range scopes.Keys() {
		if scope != "" && !strings.HasPrefix(scope, "x-") {
			g.scopes[scope] = strings.TrimSpace(scopes.Get(scope).Text())
		}
	}
	for _, scope := range scopes.Texts() { // not as specified, and met
		g.scopes[scope] = ""
	}
	switch flow {
	case "authorizationCode", "clientCredentials", "implicit", "deviceAuthorization":
	case "password":
		r.note(at, "the flow password", "users do not hand their passwords to Valetkey (RFC 9700 section 2.4)", "use another grant of the provider")
	default:
		r.note(at, "a flow of an unknown name", "it is none of OAuth 2.0", "")
	}
	return g
}

// endpoint reads an address. One that cannot be used is noted.
func (r *reader) endpoint(at draft.Value) string {
	text := strings.TrimSpace(at.Text())
	if text == "" {
		return ""
	}
	whole := r.address(text)
	if wrong := draft.Address(whole); wrong != "" {
		r.note(at, "an endpoint", wrong, "set it by hand")
		return ""
	}
	return whole
}

// address rewrites placeholders, and completes an address that is relative to
// the API's.
func (r *reader) address(text string) string {
	text = draft.Placeholders(text, draft.SingleBraces, func(name string) string {
		if ours := draft.VariableName(name); ours != "" {
			return "{" + ours + "}"
		}
		return "{" + name + "}"
	})
	if strings.Contains(text, "://") || strings.HasPrefix(text, "{") {
		return text
	}
	if strings.HasPrefix(text, "//") {
		return "https:" + text
	}
	base, err := url.Parse(r.origin())
	if err != nil || base.Host == "" {
		return text
	}
	if strings.HasPrefix(text, "/") {
		return base.Scheme + "://" + base.Host + text
	}
	return strings.TrimRight(base.String(), "/") + "/" + text
}

// origin is the first server's address as it is written, before its variables
// are known; nothing when it holds some or is relative.
func (r *reader) origin() string {
	if r.version == "2" {
		return "https://" + r.root.Get("host").Text() + r.root.Get("basePath").Text()
	}
	address := r.root.Get("servers").Step("0").Get("url").Text()
	if strings.Contains(address, "{") {
		return ""
	}
	return address
}

// merged unites the scopes of two grants; the first to describe one wins.
func merged(into, from map[string]string) map[string]string {
	if into == nil {
		into = make(map[string]string, len(from))
	}
	for scope, meaning := range maps.All(from) {
		if into[scope] == "" {
			into[scope] = meaning
		}
	}
	return into
}
