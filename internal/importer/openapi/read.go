package openapi

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// Read makes a draft of one or several descriptions, and of the files they
// refer to. The name is that of the provider; without one the title gives it.
// The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	roots := make(map[string]draft.Value, len(files))
	described := 0
	for _, f := range files {
		root, err := d.Parse(f)
		if err != nil {
			return draft.New(), err
		}
		roots[f.Name] = root
		if version(root) != "" {
			described++
		}
	}
	if described == 0 {
		return draft.New(), fault.New(api.CodeInvalid, "%s is no OpenAPI or Swagger description: it says neither openapi nor swagger", files[0].Name).
			WithHint("give the file that begins with openapi: 3.0.3 or \"swagger\": \"2.0\"")
	}
	for _, f := range files {
		if root := roots[f.Name]; version(root) != "" {
			r := newReader(&d, root, roots)
			r.providers(name)
		}
	}
	d.Lint()
	return d, nil
}

// Describe reads what a description says besides how to authorize: title,
// base URL with variables, and operations. It fills the provider and notes in
// d what it leaves out.
func Describe(d *draft.Draft, root draft.Value) api.Provider {
	return newReader(d, root, map[string]draft.Value{root.File(): root}).describe()
}

// version is 2 or 3 for a description, and nothing for another file.
func version(root draft.Value) string {
	switch {
	case strings.HasPrefix(root.Get("openapi").Text(), "3."):
		return "3"
	case strings.HasPrefix(root.Get("swagger").Text(), "2"):
		return "2"
	}
	return ""
}

// reader reads one description.
type reader struct {
	draft   *draft.Draft
	root    draft.Value
	roots   map[string]draft.Value // every file by name, for references
	version string
	base    string // the base URL as it stands, for relative addresses
	schemes map[string]bool
	spent   int // see afford
}

func newReader(d *draft.Draft, root draft.Value, roots map[string]draft.Value) *reader {
	return &reader{draft: d, root: root, roots: roots, version: version(root), schemes: make(map[string]bool)}
}

// maxParts is how many operations, parameters and values a draft may hold:
// through references a small file can describe without end.
const maxParts = 500_000

// afford counts parts of a draft, and notes at the first that are too many.
func (r *reader) afford(at draft.Value, parts int) bool {
	if r.spent > maxParts {
		return false
	}
	r.spent += parts
	if r.spent > maxParts {
		r.note(at, "the operations and parameters from here on", "there are too many", "split the description")
	}
	return r.spent <= maxParts
}

// note says what is left out at a place.
func (r *reader) note(at draft.Value, what, why, do string) {
	r.draft.Add(draft.Note{Where: at.Where(), What: what, Why: why, Do: do})
}

// describe reads everything but the grants.
func (r *reader) describe() api.Provider {
	info := r.root.Get("info")
	p := api.Provider{
		Title:     strings.TrimSpace(info.Get("title").Text()),
		Variables: make(map[string]api.Variable),
	}
	for _, docs := range []draft.Value{r.root.At("externalDocs", "url"), info.Get("x-documentation-url"), info.At("contact", "url")} {
		if p.Docs == "" && draft.Address(docs.Text()) == "" {
			p.Docs = docs.Text()
		}
	}
	if base := r.server(p.Variables); base != "" {
		p.API = &api.CallSettings{BaseURL: base}
		r.base = base
	}
	p.Operations = r.operations()
	for _, unread := range []string{"webhooks", "x-webhooks"} {
		if hooks := r.root.Get(unread); len(hooks.Keys()) > 0 {
			r.note(hooks, "webhooks", "Valetkey calls APIs and is not called by them", "")
		}
	}
	return p
}

// providers puts a provider into the draft for each authorization server.
func (r *reader) providers(name string) {
	grants := r.grants()
	p := r.describe()
	groups := r.group(grants)
	if name == "" {
		name = draft.Name(p.Title, draft.Name(draft.Stem(r.root.File()), "api"))
	}
	if len(groups) == 0 {
		r.note(r.root, "the description as a whole", "it names no OAuth 2.0 authorization", "name the provider by its built-in description, if there is one: valetkey providers search")
		return
	}
	for i, g := range groups {
		own := p
		if i > 0 {
			own.Operations = nil
		}
		r.fill(&own, g, name)
		now := draft.Put(r.draft.Providers, name, own)
		if i > 0 && len(p.Operations) > 0 {
			r.note(g.at, "the operations", "a further authorization server; the operations are with the first one", "copy those you call through "+now)
		}
	}
}
