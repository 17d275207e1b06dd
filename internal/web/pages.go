package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/app.css
var styleSheet []byte

//go:embed static/mark.svg
var icon []byte

// pages renders the templates.
type pages struct {
	templates map[string]*template.Template // by page: each fills the one frame with its own blocks
	style     string                        // the style sheet's file name, which changes with its content
	prefix    string                        // what every address on a page begins with
}

func newPages(prefix string) pages {
	sum := sha256.Sum256(styleSheet)
	p := pages{templates: make(map[string]*template.Template), style: "app." + hex.EncodeToString(sum[:6]) + ".css", prefix: prefix}
	for _, name := range []string{"landing", "done", "pending", "problem"} {
		p.templates[name] = template.Must(template.ParseFS(templateFiles, "templates/frame.html", "templates/"+name+".html"))
	}
	return p
}

// view is what every template sees.
type view struct {
	Prefix string
	Style  string
	Page   any
}

// render writes a page whole or not at all.
func (p pages) render(w http.ResponseWriter, status int, name string, page any) {
	var body bytes.Buffer
	if err := p.templates[name].ExecuteTemplate(&body, name+".html", view{p.prefix, p.style, page}); err != nil {
		http.Error(w, "this page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// static serves the style sheet. Its name changes with its content, so it may
// be kept for ever.
func (p pages) static(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(styleSheet)
}

// favicon serves the icon under the name that browsers ask for by themselves,
// on pages that name none too.
func favicon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(icon)
}
