package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/app.css
var styleSheet []byte

//go:embed static/app.js
var script []byte

//go:embed static/mark.svg
var icon []byte

// Policy is the content security policy of every page (faults A-18).
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Set renders the pages under one address.
type Set struct {
	prefix    string
	templates map[string]func() *template.Template // by page: each fills the one frame with its own blocks
	words     words
	files     map[string]file // by name, which changes with the content
	style     string
	script    string
	brand     Brand
}

// file is something a page loads.
type file struct {
	kind    string
	content []byte
}

// New makes the pages. prefix is what every address on a page begins with: the
// public URL's path, without a slash at its end.
func New(prefix string, of Installation) *Set {
	s := &Set{prefix: prefix, templates: make(map[string]func() *template.Template), words: english(), files: make(map[string]file)}
	s.brand = s.branded(of)
	s.style = s.add("app", ".css", "text/css; charset=utf-8", styleSheet)
	s.script = s.add("app", ".js", "text/javascript; charset=utf-8", script)
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "frame" || name == "parts" {
			continue
		}
		// Read when the page is first shown: all of them take 4 MB, which a server
		// that programs alone call does without.
		s.templates[name] = sync.OnceValue(func() *template.Template {
			return template.Must(template.New(name).Funcs(s.funcs()).
				ParseFS(templateFiles, "templates/frame.html", "templates/parts.html", file))
		})
	}
	return s
}

func (s *Set) add(name, suffix, kind string, content []byte) string {
	sum := sha256.Sum256(content)
	full := name + "." + hex.EncodeToString(sum[:6]) + suffix
	s.files[full] = file{kind, content}
	return full
}

// Prefix is what every address on a page begins with.
func (s *Set) Prefix() string { return s.prefix }

// Word is a text by its key; more values fill it in.
func (s *Set) Word(key string, values ...any) string {
	text, err := s.words.say(key, values...)
	if err != nil {
		return key
	}
	return text
}

// Viewer is the operator who looks at a page.
type Viewer struct {
	Name     string
	Token    string // goes with every form, as the field csrf
	Password bool   // signs in with a password, which can be changed here
}

type viewerMark struct{}

// WithViewer says who looks.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerMark{}, &v)
}

// ViewerOf is who looks; nil: nobody is signed in.
func ViewerOf(ctx context.Context) *Viewer {
	v, _ := ctx.Value(viewerMark{}).(*Viewer)
	return v
}

// View is what every template sees.
type View struct {
	Brand
	Prefix string
	Style  string
	Script string
	Path   string // of the request, without the prefix
	Notice string // the key of what was just done; "": nothing
	Viewer *Viewer
	Page   any
}

// Notices are the keys, without "notice.", that an address may have a page
// show after an action: ?done=KEY.
func notices() string {
	return " refreshed revoked deleted debug_on debug_off key_revoked agent_removed password_changed signed_out signed_out_everywhere link_revoked link_extended first_run saved "
}

// Render writes a page whole or not at all.
func (s *Set) Render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	view := View{Brand: s.brand, Prefix: s.prefix, Style: s.style, Script: s.script, Path: r.URL.Path, Viewer: ViewerOf(r.Context()), Page: data}
	if done := r.URL.Query().Get("done"); done != "" && strings.Contains(notices(), " "+done+" ") {
		view.Notice = "notice." + done
	}
	var body bytes.Buffer
	if err := s.templates[name]().ExecuteTemplate(&body, name+".html", view); err != nil {
		http.Error(w, "this page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// Static serves what pages load. A name changes with its content, so it may be
// kept for ever. It reports whether there is such a file.
func (s *Set) Static(w http.ResponseWriter, name string) bool {
	found, ok := s.files[name]
	if !ok {
		return false
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	if found.kind == svg {
		w.Header().Set("Content-Security-Policy", PicturePolicy)
	}
	_, _ = w.Write(found.content)
	return true
}

// Favicon serves the icon under the name that browsers ask for by themselves,
// on pages that name none too.
func (s *Set) Favicon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(icon)
}

// Redirect sends the browser on with GET, to a path under the prefix. Unlike
// [http.Redirect] it writes no page that repeats the address.
func (s *Set) Redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", s.prefix+to)
	w.WriteHeader(http.StatusSeeOther)
}
