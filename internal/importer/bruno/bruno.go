package bruno

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// Read reads the files of collections as one draft; their names are paths in
// the collection, with slashes. The name, if any, is the name of what comes of
// them. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	r := reader{draft: &d, builder: form.NewBuilder(&d), name: name}
	for _, file := range files {
		if err := r.file(file); err != nil {
			return d, err
		}
	}
	if len(r.entries) == 0 {
		return d, fault.New(api.CodeInvalid, "there is no Bruno collection in the input").
			WithHint("give the collection's directory, or the file that Bruno exports")
	}
	r.finish()
	return d, nil
}

type reader struct {
	draft   *draft.Draft
	builder *form.Builder
	name    string

	title   string // of the collection
	entries []entry
	vars    form.Variables
	known   map[string]string // variables so far
}

func (r *reader) file(file draft.File) error {
	path := strings.ReplaceAll(file.Name, `\`, "/")
	dir, base := "", path
	if cut := strings.LastIndexByte(path, '/'); cut >= 0 {
		dir, base = path[:cut], path[cut+1:]
	}
	switch {
	case base == ".env":
		r.dotenv(file)
	case base == "bruno.json":
		v, err := r.draft.Parse(file)
		if err != nil {
			return err
		}
		r.title = first(r.title, v.Get("name").Text())
	case strings.HasSuffix(base, ".bru"):
		if !utf8.Valid(file.Data) {
			return fault.New(api.CodeInvalid, "%s is not UTF-8 text", file.Name)
		}
		if dir == "environments" || strings.HasSuffix(dir, "/environments") {
			r.bruEnvironment(file)
			return nil
		}
		r.readBru(file, dir, base)
	case strings.HasSuffix(base, ".yml"), strings.HasSuffix(base, ".yaml"), strings.HasSuffix(base, ".json"):
		v, err := r.draft.Parse(file)
		if err != nil {
			return err
		}
		if !r.readTree(v, dir) {
			r.draft.Add(draft.Note{Where: file.Name, What: "a file that is none of a collection", Why: "it is neither a collection nor a folder, request or environment"})
		}
	default:
		r.draft.Add(draft.Note{Where: file.Name, What: "a file that is none of a collection", Why: "its name ends in neither .bru nor .yml, .yaml or .json"})
	}
	return nil
}

func (r *reader) bruEnvironment(file draft.File) {
	for _, b := range blocks(string(file.Data)) {
		if b.name == "vars" {
			r.variables(table(b.pairs()), file.Name)
		}
	}
}

// dotenv reads NAME=VALUE lines, which {{process.env.NAME}} stands for.
func (r *reader) dotenv(file draft.File) {
	values := make(map[string]string)
	for line := range strings.Lines(string(file.Data)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			values["process.env."+strings.TrimSpace(strings.TrimPrefix(name, "export "))] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	r.variables(values, file.Name)
}

// variables adds variables. Of several environments the first value counts.
func (r *reader) variables(values map[string]string, where string) {
	if r.known == nil {
		r.known = make(map[string]string)
	}
	for name, value := range values {
		held, taken := r.known[name]
		if taken && held != value && value != "" && held != "" {
			r.draft.Add(draft.Note{Where: where, What: "another value of a variable", Why: "several environments have it, and the first one counts", Do: "give the files of one environment only"})
		}
		if held == "" {
			r.known[name] = value
		}
	}
}

// group is the requests that one authentication is for.
type group struct {
	auth     auth
	requests []form.Request
}

func (r *reader) finish() {
	r.vars = form.Variables{}.With(r.known)
	nodes := make(map[string]entry)
	for _, e := range r.entries {
		if e.node {
			nodes[e.dir] = e
		}
	}
	groups, order := make(map[string]*group), []string{}
	add := func(a auth) *group {
		g, ok := groups[a.where]
		if !ok {
			g = &group{auth: a}
			groups[a.where], order = g, append(order, a.where)
		}
		return g
	}
	for _, e := range r.entries {
		if e.node {
			if e.auth.mode == "oauth2" || e.auth.mode == "" && e.auth.values != nil {
				add(e.auth)
			}
			continue
		}
		e.Name, e.Where, e.Variables = e.name, e.where, r.vars
		g := add(inherited(nodes, e))
		g.requests = append(g.requests, e.Request)
	}
	r.title = first(r.name, r.title, rootName(r.entries), "bruno")
	for _, key := range order {
		r.group(groups[key])
	}
}

func rootName(entries []entry) string {
	for _, e := range entries {
		if e.node && e.name != "collection" && e.name != "folder" && e.name != "" {
			return e.name
		}
	}
	return ""
}

// inherited is a request's own authentication, or the one of the nearest
// folder above it that has one, or the collection's.
func inherited(nodes map[string]entry, e entry) auth {
	if e.auth.mode != "inherit" {
		return e.auth
	}
	for dir := e.dir; ; {
		if node, ok := nodes[dir]; ok && node.auth.mode != "inherit" && (node.auth.mode != "" || node.auth.values != nil) {
			return node.auth
		}
		cut := strings.LastIndexByte(dir, '/')
		switch {
		case dir == "":
			return auth{mode: "none"}
		case cut < 0:
			dir = ""
		default:
			dir = dir[:cut]
		}
	}
}

func (r *reader) group(g *group) {
	if g.auth.values != nil && (g.auth.mode == "oauth2" || g.auth.mode == "") {
		base := form.CommonOrigin(g.requests, r.vars)
		r.builder.AddRequests(r.oauth2(g.auth, base), base, g.requests)
		return
	}
	if others := []string{"awsv4", "basic", "bearer", "digest", "ntlm", "wsse", "apikey", "oauth1"}; slices.Contains(others, g.auth.mode) {
		r.draft.Add(draft.Note{Where: first(g.auth.where, g.requests[0].Where), What: "authentication that is not OAuth 2.0: " + g.auth.mode, Why: "Valetkey keeps OAuth 2.0 connections only"})
	}
	for i, request := range g.requests {
		if f, ok := form.FromTokenRequest(request); ok {
			f.Name = r.title
			r.builder.Add(f)
			g.requests[i].URL = ""
		}
	}
	r.builder.AddRequests("", "", g.requests)
}
