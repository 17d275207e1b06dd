package curl

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// Read reads files of curl commands. The name, if any, is the name of what
// comes of them. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	r := reader{draft: &d, builder: form.NewBuilder(&d), name: name}
	for _, file := range files {
		if !utf8.Valid(file.Data) {
			return d, fault.New(api.CodeInvalid, "%s is not UTF-8 text", file.Name)
		}
		r.file(file)
	}
	if r.read == 0 {
		return d, fault.New(api.CodeInvalid, "there is no curl command in the input").
			WithHint("give whole command lines that begin with curl")
	}
	r.finish()
	return d, nil
}

type reader struct {
	draft   *draft.Draft
	builder *form.Builder
	name    string

	read   int
	tokens []form.Form
	calls  []call
}

// call is a command that calls an API.
type call struct {
	request form.Request
	bearer  string
}

func (r *reader) file(file draft.File) {
	for i, words := range split(string(file.Data)) {
		where := file.Name + ": command " + strconv.Itoa(i+1)
		for len(words) > 0 && (words[0] == "$" || words[0] == "sudo" || words[0] == "time" || words[0] == "%") {
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		if base := words[0][strings.LastIndexAny(words[0], `/\`)+1:]; base != "curl" && base != "curl.exe" {
			r.draft.Add(draft.Note{Where: where, What: "a command that is not curl", Why: "only curl is read"})
			continue
		}
		r.read++
		r.command(parse(where, words[1:]))
	}
}

func (r *reader) command(c command) {
	c.notes(r.draft)
	if len(c.urls) == 0 {
		r.draft.Add(draft.Note{Where: c.where, What: "a command without a URL", Why: "it calls nothing"})
		return
	}
	request := c.request(r.title(c.urls[0]))
	if f, ok := form.FromTokenRequest(request); ok {
		r.tokenRequest(c, f)
		return
	}
	found := call{request: request}
	for name, value := range c.headers {
		scheme, token, _ := strings.Cut(value, " ")
		if strings.EqualFold(name, "Authorization") && strings.EqualFold(scheme, "Bearer") {
			found.bearer = strings.TrimSpace(token)
		}
	}
	if found.bearer == "" {
		r.draft.Add(draft.Note{Where: c.where, What: "a call without a Bearer token", Why: "it is not OAuth 2.0", Do: "add the request that gets the token"})
		if c.user != "" {
			r.draft.Add(draft.Note{Where: c.where, What: "user name and password", Why: "Valetkey keeps OAuth 2.0 connections only"})
		}
	}
	r.calls = append(r.calls, found)
}

func (r *reader) tokenRequest(c command, f form.Form) {
	if user, password, ok := strings.Cut(c.user, ":"); ok {
		f.ClientID, f.ClientSecret, f.AuthMethod = user, password, "client_secret_basic"
	}
	if f.Grant == "authorization_code" && f.Tokens == nil && f.AuthorizationURL == "" {
		r.draft.Add(draft.Note{Where: c.where, What: "the authorization code of the request", Why: "it was good once, and for minutes", Do: "authorize the connection"})
	}
	r.tokens = append(r.tokens, f)
}

// title names what comes of a command: by the host.
func (r *reader) title(address string) string {
	if r.name != "" {
		return r.name
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	host := draft.Host(address)
	for _, prefix := range []string{"api.", "login.", "auth.", "www.", "oauth2.", "oauth.", "accounts.", "id.", "identity."} {
		host = strings.TrimPrefix(host, prefix)
	}
	host, _, _ = strings.Cut(host, ".")
	if host == "" {
		return "curl"
	}
	return host
}

// finish puts calls under the token request they belong to: the only one
// there is.
func (r *reader) finish() {
	base := ""
	for _, c := range r.calls {
		if origin := form.Origin(c.request.URL, form.Variables{}); base == "" && c.bearer != "" {
			base = origin
		}
	}
	for i := range r.tokens {
		f := &r.tokens[i]
		if len(r.tokens) == 1 && base != "" {
			r.api(f, base)
		}
		if f.Grant == "authorization_code" && f.AuthorizationURL == "" && f.Tokens != nil {
			f.Grant = "refresh_token"
		}
		provider, _ := r.builder.Add(*f)
		r.operations(provider, base, len(r.tokens) == 1)
	}
	if len(r.tokens) == 0 {
		r.bearerOnly(base)
	}
}

// api adds to a form what the calls say: address, test request, token.
func (r *reader) api(f *form.Form, base string) {
	f.API.BaseURL = base
	for _, c := range r.calls {
		path, under := strings.CutPrefix(c.request.URL, base)
		if !under || c.bearer == "" {
			continue
		}
		if m := c.request.Method; f.API.Test == nil && (m == "" || m == "GET") && strings.HasPrefix(path, "/") && !strings.Contains(path, "{{") {
			f.API.Test = &api.TestRequest{Path: path}
		}
		if strings.Contains(c.bearer, "{{") || form.Masked(c.bearer) || c.bearer == "" {
			continue
		}
		if f.Tokens == nil {
			f.Tokens = &api.TokenImport{}
		}
		f.Tokens.AccessToken = api.Secret(c.bearer)
	}
}

func (r *reader) operations(provider, base string, only bool) {
	for _, c := range r.calls {
		c.request.Name = strings.TrimSpace(c.request.Method + " " + pathOf(c.request.URL))
		if provider == "" || !only || !r.builder.AddRequest(provider, base, c.request) {
			r.draft.Add(draft.Note{Where: c.request.Where, What: "a call", Why: "no provider of the draft has its address", Do: "call it through a connection: valetkey call NAME PATH"})
		}
	}
}

// pathOf is the path of an address, a name for what has no other.
func pathOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	return path
}

// bearerOnly makes of calls with a token, and no word of where it came from, a
// connection that uses the token until it ends.
func (r *reader) bearerOnly(base string) {
	if base == "" {
		return
	}
	f := form.Form{Name: r.title(base), Where: r.calls[0].request.Where}
	r.api(&f, base)
	if r.name != "" {
		f.Name = r.name
	}
	f.TokenURL, f.ClientID, f.Grant = "{{token_endpoint}}", "none", "client_credentials"
	provider, connection := r.builder.Add(f)
	if connection != "" {
		r.draft.Add(draft.Note{Where: f.Where, What: "a token without its authorization server", Why: "the command does not say where the token came from, so that it cannot be renewed",
			Do: "set token_endpoint in the client's variables, and its client_id; or add the request that gets the token"})
	}
	r.operations(provider, base, true)
}
