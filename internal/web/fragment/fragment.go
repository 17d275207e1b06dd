package fragment

import (
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed fragment.js
var script []byte

//go:embed fragment.html
var page string

// Page writes the page. prefix is the path that the server lives under.
func Page(w http.ResponseWriter, prefix string) error {
	t, err := template.New("fragment").Parse(page)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest) // unless the script finds an answer, there is none
	return t.Execute(w, struct{ Prefix string }{prefix})
}

// Script serves what the page runs.
func Script(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write(script)
}
