package postman

import (
	"slices"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// group is the requests that one auth block authenticates.
type group struct {
	auth     draft.Value
	requests []form.Request
}

func (r *reader) collection(c draft.Value, globals, environments form.Variables) {
	r.collectionName = firstText(c.Get("info"), "name")
	if r.collectionName == "" {
		r.collectionName = "postman"
	}
	r.vars = globals.With(r.values(c.Get("variable"))).Merge(environments)
	r.groups, r.order = make(map[string]*group), nil
	r.item(c, draft.Value{})
	for _, key := range []string{"event", "protocolProfileBehavior"} {
		if v := c.Get(key); v.Exists() {
			r.draft.Add(draft.Note{Where: v.Where(), What: key, Why: "scripts and settings of Postman's own are not carried over"})
		}
	}
	provider, base := r.forms()
	r.orphans(provider, base)
}

// forms makes the forms of all OAuth blocks and token requests, and says of
// the only provider, if there is one, what its base URL is.
func (r *reader) forms() (provider, base string) {
	made := make(map[string]string)
	for _, key := range r.order {
		g := r.groups[key]
		if g.auth.Get("type").Text() != "oauth2" {
			continue
		}
		base = form.CommonOrigin(g.requests, r.vars)
		provider = r.oauth2(g.auth, base)
		made[provider] = base
		if provider != "" {
			r.operations(provider, base, g.requests)
			g.requests = nil
		}
	}
	for _, key := range r.order {
		g := r.groups[key]
		for i, request := range g.requests {
			f, ok := form.FromTokenRequest(request)
			if !ok {
				continue
			}
			f.Name = r.collectionName
			f.API.BaseURL = form.CommonOrigin(without(g.requests, i), r.vars)
			if name, _ := r.builder.Add(f); name != "" {
				provider, base = name, f.API.BaseURL
				made[name] = base
			}
		}
	}
	if delete(made, ""); len(made) != 1 {
		return "", ""
	}
	return provider, base
}

func without(requests []form.Request, i int) []form.Request {
	return append(requests[:i:i], requests[i+1:]...)
}

// orphans are requests without an OAuth block: they go to the only provider
// there is, and are counted otherwise.
func (r *reader) orphans(provider, base string) {
	for _, key := range r.order {
		g := r.groups[key]
		if kind := g.auth.Get("type").Text(); kind != "" && kind != "noauth" && kind != "oauth2" && kind != "bearer" {
			r.draft.Add(draft.Note{Where: g.auth.Where(), What: "authentication that is not OAuth 2.0: " + known1(kind), Why: "Valetkey keeps OAuth 2.0 connections only"})
			provider = ""
		}
		r.operations(provider, base, g.requests)
	}
}

// known1 is a kind of authentication as a note may name it.
func known1(kind string) string {
	for _, name := range []string{"apikey", "awsv4", "basic", "digest", "edgegrid", "hawk", "jwt", "ntlm", "oauth1", "asap"} {
		if name == kind {
			return name
		}
	}
	return "another kind"
}

// operations adds the requests of a group that are not for a token.
func (r *reader) operations(provider, base string, requests []form.Request) {
	r.builder.AddRequests(provider, base, slices.DeleteFunc(slices.Clone(requests), func(request form.Request) bool {
		_, token := form.FromTokenRequest(request)
		return token
	}))
}

// item walks a folder or request with the auth block it inherits.
func (r *reader) item(v, inherited draft.Value) {
	auth := inherited
	if own := ownAuth(v); own.Exists() {
		auth = own
		r.group(own)
	}
	for _, child := range v.Get("item").Items() {
		r.item(child, auth)
	}
	if request := v.Get("request"); request.Exists() {
		g := r.group(auth)
		g.requests = append(g.requests, r.request(v, request))
	}
}

func (r *reader) group(auth draft.Value) *group {
	key := auth.Where()
	g, ok := r.groups[key]
	if !ok {
		g = &group{auth: auth}
		r.groups[key], r.order = g, append(r.order, key)
	}
	return g
}

// ownAuth is the auth block of a collection, folder or request: it stands
// beside a folder's items and inside a request.
func ownAuth(v draft.Value) draft.Value {
	for _, auth := range []draft.Value{v.At("request", "auth"), v.Get("auth")} {
		if auth.IsMap() && auth.Get("type").Text() != "" {
			return auth
		}
	}
	return draft.Value{}
}

func (r *reader) request(item, request draft.Value) form.Request {
	made := form.Request{Name: firstText(item, "name"), Where: item.Where(), Method: request.Get("method").Text(), URL: requestURL(request), Variables: r.vars}
	made.Description = firstText(request, "description")
	if made.Description == "" {
		made.Description = firstText(request.Get("description"), "content")
	}
	made.Headers = r.values(request.Get("header"))
	body := request.Get("body")
	switch mode := body.Get("mode").Text(); mode {
	case "urlencoded", "formdata":
		made.Fields = r.values(body.Get(mode))
		if mode == "formdata" {
			made.MediaType = "multipart/form-data"
		}
	case "raw":
		made.Body = body.Get("raw").Text()
		made.MediaType = mediaType(made.Headers, body.At("options", "raw", "language").Text())
	case "graphql", "file":
		r.draft.Add(draft.Note{Where: body.Where(), What: "a body that is a file or a GraphQL query", Why: "the caller of an operation gives its body"})
	}
	return made
}

func mediaType(headers map[string]string, language string) string {
	for name, value := range headers {
		if strings.EqualFold(name, "Content-Type") {
			media, _, _ := strings.Cut(value, ";")
			return strings.TrimSpace(media)
		}
	}
	switch language {
	case "xml":
		return "application/xml"
	case "text":
		return "text/plain"
	}
	return ""
}

// requestURL is the address of a request in each of its spellings.
func requestURL(request draft.Value) string {
	if request.Text() != "" {
		return request.Text()
	}
	u := request.Get("url")
	if text := u.Text(); text != "" {
		return text
	}
	if raw := u.Get("raw").Text(); raw != "" {
		return raw
	}
	host := strings.Join(u.Get("host").Texts(), ".")
	if host == "" {
		return ""
	}
	protocol := u.Get("protocol").Text()
	if protocol == "" {
		protocol = "https"
	}
	return protocol + "://" + host + "/" + strings.Join(u.Get("path").Texts(), "/")
}
