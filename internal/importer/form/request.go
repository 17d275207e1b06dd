package form

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// Request is a request that a tool has saved.
type Request struct {
	Name, Where string
	Description string
	Method      string
	URL         string // with its query
	Headers     map[string]string
	Fields      map[string]string // of a form body
	Body        string            // any other body
	MediaType   string
	Variables   Variables
}

// colon is a parameter in a path as Postman and Bruno write it.
var colon = regexp.MustCompile(`/:([A-Za-z_][A-Za-z0-9_]*)`)

// AddRequest adds a request to a provider as an operation, under its base URL.
// It says whether the provider has the request's address. One beyond the 5,000
// that a provider takes, and one that cannot be an operation, is noted.
func (b *Builder) AddRequest(provider, base string, r Request) bool {
	p, ok := b.Draft.Providers[provider]
	if !ok {
		return false
	}
	address, _ := r.Variables.Fill(r.URL)
	base, _ = r.Variables.Fill(base)
	path, under := strings.CutPrefix(address, base)
	if base == "" || !under || p.API == nil || p.API.BaseURL != base || path != "" && path[0] != '/' && path[0] != '?' {
		return false
	}
	if len(p.Operations) >= maxOperations {
		b.Draft.Add(draft.Note{Where: r.Where, What: "a request", Why: "a provider takes 5,000 operations", Do: "call it by its path: valetkey call NAME PATH"})
		return true
	}
	op := r.operation(path)
	if err := catalog.CheckOperations(map[string]api.Operation{"request": op}, p.Variables); err != nil {
		b.Draft.Add(draft.Note{Where: r.Where, What: "a request", Why: fault.As(err).Message, Do: "write the operation by hand"})
		return true
	}
	if p.Operations == nil {
		p.Operations = make(map[string]api.Operation)
		b.Draft.Providers[provider] = p // the map is shared from here on
	}
	name := b.free("operation "+provider, draft.Name(r.Name, "request"), func(name string) bool { _, taken := p.Operations[name]; return taken })
	p.Operations[name] = op
	return true
}

func (r Request) operation(path string) api.Operation {
	path, _, _ = strings.Cut(path, "#")
	path, query, _ := strings.Cut(path, "?")
	path = colon.ReplaceAllString(path, "/{$1}")
	if path == "" {
		path = "/"
	}
	op := api.Operation{Title: title(r.Name), Description: title(r.Description), Method: method(r), Path: path, Parameters: make(map[string]api.OperationParameter)}
	op.Destructive = op.Method == "DELETE"
	for _, name := range catalog.Variables(path) {
		op.Parameters[name] = api.OperationParameter{In: api.ParameterInPath, Required: true}
	}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		r.parameter(op, api.ParameterInQuery, unescape(name), unescape(value))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		r.header(&op, name, r.Headers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		r.parameter(op, api.ParameterInBody, name, r.Fields[name])
	}
	switch {
	case len(r.Fields) > 0:
		op.Body = &api.OperationBody{MediaType: firstOf(r.MediaType, "application/x-www-form-urlencoded")}
	case strings.TrimSpace(r.Body) != "":
		op.Body = &api.OperationBody{MediaType: r.MediaType, Example: example(r.Body)}
	}
	if len(op.Parameters) == 0 {
		op.Parameters = nil
	}
	return op
}

func method(r Request) string {
	made := strings.ToUpper(strings.TrimSpace(r.Method))
	if slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}, made) {
		return made
	}
	return ""
}

// title is the first line of a text, not too long.
func title(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}

// parameter adds one parameter. What it is called in the request may be no
// name for a template. A value that is a variable is no default.
func (r Request) parameter(op api.Operation, in, name, value string) {
	key := draft.VariableName(name)
	if key == "" {
		return
	}
	if _, taken := op.Parameters[key]; taken {
		key = in + "_" + key
	}
	parameter := api.OperationParameter{In: in}
	if key != name {
		parameter.Name = name
	}
	filled, missing := r.Variables.Fill(value)
	if len(missing)+len(catalog.Variables(filled)) == 0 && filled != "" && !secretive.MatchString(name) {
		parameter.Default = filled
	}
	if in == api.ParameterInBody && parameter.Default != nil {
		parameter.Example, parameter.Default = parameter.Default, nil
	}
	op.Parameters[key] = parameter
}

// header adds a header: those that Valetkey sends by itself do not count.
func (r Request) header(op *api.Operation, name, value string) {
	quiet := strings.ToLower(name)
	own := []string{"authorization", "content-type", "content-length", "host", "user-agent", "cookie", "connection", "accept-encoding", "postman-token", "cache-control"}
	if slices.Contains(own, quiet) {
		return
	}
	filled, missing := r.Variables.Fill(value)
	if len(missing) > 0 || secretive.MatchString(name) || strings.ContainsAny(filled, "{}") {
		r.parameter(*op, api.ParameterInHeader, name, "")
		return
	}
	if op.Headers == nil {
		op.Headers = make(map[string]string)
	}
	op.Headers[name] = filled
}

// example is a body to learn from; what looks like a secret is taken out. One
// that is no JSON is left out where it is long.
func example(body string) any {
	var value any
	if json.Unmarshal([]byte(body), &value) == nil {
		return scrub(value)
	}
	if len(body) <= 4<<10 && !secretive.MatchString(body) {
		return body
	}
	return nil
}

func scrub(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if _, text := member.(string); text && secretive.MatchString(name) {
				value[name] = ""
				continue
			}
			value[name] = scrub(member)
		}
	case []any:
		for i, item := range value {
			value[i] = scrub(item)
		}
	}
	return value
}

// Origin is scheme and host of an address in which {{name}} may stand, or the
// variable that it begins with; empty when it has none.
func Origin(address string, vars Variables) string {
	filled, _ := vars.Fill(address)
	if strings.HasPrefix(filled, "{") {
		base, _, _ := strings.Cut(filled, "/")
		base, _, _ = strings.Cut(base, "?")
		if draft.Address(base) != "" {
			return ""
		}
		return base
	}
	scheme, rest, whole := strings.Cut(filled, "://")
	if !whole {
		return ""
	}
	end := strings.IndexAny(rest, "/?#")
	if end >= 0 {
		rest = rest[:end]
	}
	base := scheme + "://" + rest
	if rest == "" || strings.Contains(rest, "@") || draft.Address(base) != "" {
		return ""
	}
	return base
}

// FromTokenRequest reads a saved request of a token as a form: one that has a
// grant_type in its fields or query. Its Authorization header may be Basic.
func FromTokenRequest(r Request) (Form, bool) {
	fields := make(map[string]string, len(r.Fields))
	for name, value := range r.Fields {
		fields[name] = value
	}
	encoding, address := "", r.URL
	var members map[string]any
	if len(fields) == 0 && json.Unmarshal([]byte(r.Body), &members) == nil {
		for name, member := range members {
			if text, ok := member.(string); ok {
				fields[name], encoding = text, "json"
			}
		}
	}
	if before, query, found := strings.Cut(address, "?"); found && fields["grant_type"] == "" && strings.Contains(query, "grant_type=") {
		values, err := url.ParseQuery(query)
		if err != nil {
			return Form{}, false
		}
		for name := range values {
			fields[name] = values.Get(name)
		}
		encoding, address = "query", before
	}
	if fields["grant_type"] == "" {
		return Form{}, false
	}
	return r.tokenForm(address, encoding, fields), true
}

func (r Request) tokenForm(address, encoding string, fields map[string]string) Form {
	f := Form{Name: r.Name, Where: r.Where, Variables: r.Variables}
	f.TokenURL, f.Grant, f.Scopes = address, fields["grant_type"], fields["scope"]
	f.ClientID, f.ClientSecret = fields["client_id"], fields["client_secret"]
	if f.ClientSecret != "" {
		f.AuthMethod = "client_secret_post"
	}
	if token := fields["refresh_token"]; token != "" && f.Grant == "refresh_token" {
		if filled, missing := r.Variables.Fill(token); len(missing) == 0 && !Masked(filled) {
			f.Tokens = &api.TokenImport{RefreshToken: api.Secret(filled)}
		}
		f.Grant = "authorization_code"
	}
	f.Token.Encoding = encoding
	f.Token.Method = method(r)
	if f.Token.Method == "GET" {
		f.Token.Encoding = "query"
	}
	for name, value := range r.Headers {
		if user, password, basic := basicAuth(name, value); basic {
			f.ClientID, f.ClientSecret, f.AuthMethod = user, password, "client_secret_basic"
		} else if !slices.Contains([]string{"content-type", "accept", "content-length", "host", "user-agent"}, strings.ToLower(name)) {
			f.Token.SetHeader(name, value)
		}
	}
	for name, value := range fields {
		if !slices.Contains([]string{"grant_type", "scope", "client_id", "client_secret", "refresh_token", "code", "redirect_uri", "username", "password", "code_verifier"}, name) {
			f.Token.Set(name, value)
		}
	}
	return f
}
