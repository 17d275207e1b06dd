package insomnia

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// Read reads exports of Insomnia as one draft. The name, if any, is the name
// of what comes of them. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	r := reader{draft: &d, builder: form.NewBuilder(&d), name: name}
	var exports []export
	for _, file := range files {
		v, err := d.Parse(file)
		if err != nil {
			return d, err
		}
		e, err := parse(file, v)
		if err != nil {
			return d, err
		}
		exports = append(exports, e)
		for _, environment := range e.environments {
			r.environment(environment)
		}
	}
	for i := range exports {
		r.export(&exports[i])
	}
	if len(d.Notes) == 0 && d.Empty() {
		d.Add(draft.Note{Where: files[0].Name, What: "an export without OAuth settings", Why: "no request or folder of it has an OAuth 2.0 authentication"})
	}
	return d, nil
}

type reader struct {
	draft   *draft.Draft
	builder *form.Builder
	name    string
	vars    form.Variables
}

// environment adds the variables of one environment. Of several, a variable
// keeps the first value: the base environment comes first, and which of the
// others is meant the file does not say.
func (r *reader) environment(v draft.Value) {
	flat := make(map[string]string)
	r.flatten(flat, "", v, 0)
	for name, value := range flat {
		if held, _ := r.vars.Fill("{{" + name + "}}"); held != "{"+draft.VariableName(name)+"}" {
			if held != value && value != "" {
				r.draft.Add(draft.Note{Where: v.Get(name).Where(), What: "another value of a variable", Why: "several environments have it, and the first one counts", Do: "take the other environments out of the export to choose"})
			}
			delete(flat, name)
		}
	}
	r.vars = r.vars.With(flat)
}

// flatten names the members of objects within the environment a.b, as
// {{ _.a.b }} does.
func (r *reader) flatten(into map[string]string, prefix string, v draft.Value, depth int) {
	for _, key := range v.Keys() {
		member := v.Get(key)
		if member.IsMap() && depth < 10 {
			r.flatten(into, prefix+key+".", member, depth+1)
			continue
		}
		into[prefix+key] = member.Text()
	}
}

// group is the requests that one authentication is for.
type group struct {
	auth     draft.Value
	root     string
	requests []form.Request
}

func (r *reader) export(e *export) {
	groups, order := make(map[string]*group), []string{}
	for i, n := range e.nodes {
		auth := e.authentication(i)
		request := n.value.Get("url").Text() != ""
		if !request && !n.value.Get("authentication").Exists() {
			continue
		}
		key := auth.Where()
		if !auth.Exists() {
			key = "none"
		}
		g, ok := groups[key]
		if !ok {
			g = &group{auth: auth, root: n.root}
			groups[key], order = g, append(order, key)
		}
		if request {
			g.requests = append(g.requests, r.request(n.value))
		}
	}
	for _, key := range order {
		r.group(groups[key])
	}
}

func (r *reader) group(g *group) {
	kind := g.auth.Get("type").Text()
	switch {
	case g.auth.Get("disabled").Bool():
		kind = "none"
	case kind == "oauth2":
		base := form.CommonOrigin(g.requests, r.vars)
		provider := r.oauth2(g, base)
		r.builder.AddRequests(provider, base, g.requests)
		return
	}
	known := []string{"basic", "digest", "bearer", "ntlm", "hawk", "asap", "netrc", "iam", "apikey", "oauth1", "singleToken"}
	if slices.Contains(known, kind) {
		r.draft.Add(draft.Note{Where: g.auth.Where(), What: "authentication that is not OAuth 2.0: " + kind, Why: "Valetkey keeps OAuth 2.0 connections only"})
	}
	for i, request := range g.requests {
		if f, ok := form.FromTokenRequest(request); ok {
			f.Name = r.title(g.root)
			f.API.BaseURL = ""
			r.builder.Add(f)
			g.requests[i].URL = ""
		}
	}
	r.builder.AddRequests("", "", g.requests)
}

func (r *reader) title(root string) string {
	for _, name := range []string{r.name, root} {
		if name != "" {
			return name
		}
	}
	return "insomnia"
}

// known are the members of an authentication that have a counterpart, or
// nothing to lose.
const known = " type grantType authorizationUrl accessTokenUrl clientId clientSecret scope state audience resource redirectUrl " +
	"credentialsInBody usePkce pkceMethod tokenPrefix origin responseType username password code disabled useDefaultBrowser useImplicitFlow "

func (r *reader) oauth2(g *group, base string) string {
	a := g.auth
	f := form.Form{Name: r.title(g.root), Where: a.Where(), Variables: r.vars}
	f.AuthorizationURL, f.TokenURL = a.Get("authorizationUrl").Text(), a.Get("accessTokenUrl").Text()
	f.ClientID, f.ClientSecret = a.Get("clientId").Text(), a.Get("clientSecret").Text()
	f.Scopes, f.Audience, f.Resource = a.Get("scope").Text(), a.Get("audience").Text(), a.Get("resource").Text()
	f.Grant = a.Get("grantType").Text()
	f.AuthMethod = "client_secret_basic"
	if a.Get("credentialsInBody").Bool() {
		f.AuthMethod = "client_secret_post"
	}
	if a.Get("usePkce").Bool() {
		f.Challenge = "S256"
		if strings.EqualFold(a.Get("pkceMethod").Text(), "plain") {
			f.Challenge = "plain"
		}
	}
	if origin := a.Get("origin").Text(); origin != "" {
		f.Token.SetHeader("Origin", origin)
	}
	f.API.BaseURL = base
	if prefix := a.Get("tokenPrefix").Text(); prefix != "" && !strings.EqualFold(prefix, "Bearer") && !strings.Contains(prefix, "{") {
		scheme := prefix
		if strings.EqualFold(prefix, "NO_PREFIX") {
			scheme = ""
		}
		f.API.Token = &api.TokenPlacement{Scheme: &scheme}
	}
	r.notes(a)
	provider, _ := r.builder.Add(f)
	return provider
}

func (r *reader) notes(a draft.Value) {
	if a.Get("username").Text() != "" || a.Get("password").Text() != "" {
		r.draft.Add(draft.Note{Where: a.Where(), What: "user name and password", Why: "Valetkey does not keep people's passwords (RFC 9700 section 2.4)", Do: "let a person authorize the connection"})
	}
	if a.Get("redirectUrl").Text() != "" {
		r.draft.Add(draft.Note{Where: a.Where(), What: "the redirect URL", Why: "Valetkey has one of its own", Do: "register Valetkey's redirect URI at the provider"})
	}
	for _, key := range a.Keys() {
		if !strings.Contains(known, " "+key+" ") {
			r.draft.Add(draft.Note{Where: a.Get(key).Where(), What: "a setting of the authentication", Why: "it is not known", Do: "look whether the provider needs it"})
		}
	}
}

func (r *reader) request(v draft.Value) form.Request {
	made := form.Request{Name: v.Get("name").Text(), Where: v.Where(), Method: v.Get("method").Text(), URL: v.Get("url").Text(), Variables: r.vars}
	made.Description = v.Get("description").Text()
	if made.Description == "" {
		made.Description = v.At("meta", "description").Text()
	}
	made.Headers = pairs(v.Get("headers"))
	separator := "?"
	if strings.Contains(made.URL, "?") {
		separator = "&"
	}
	parameters := pairs(v.Get("parameters"))
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		made.URL += separator + name + "=" + parameters[name]
		separator = "&"
	}
	body := v.Get("body")
	made.MediaType = body.Get("mimeType").Text()
	made.Fields = pairs(body.Get("params"))
	made.Body = body.Get("text").Text()
	return made
}

// pairs reads a list of {name, value}. Those switched off do not count.
func pairs(list draft.Value) map[string]string {
	found := make(map[string]string)
	for _, item := range list.Items() {
		if name := item.Get("name").Text(); name != "" && !item.Get("disabled").Bool() {
			found[name] = item.Get("value").Text()
		}
	}
	return found
}
