package catalog

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// indexFile stands beside the descriptions and tells of each what a list
// shows, so that a list parses none of them. A test holds it in step.
//
//go:generate go test -run "TestTheIndexSaysWhatTheDescriptionsSay|TestThePageOfTheCatalogue" . -update
const indexFile = "index.tsv"

// Summary is what a list shows of a description: its name, title and tags, its
// grant where that is not the usual one, how far it was checked, and whether
// it is built in.
func Summary(p api.Provider) api.Provider {
	s := api.Provider{Name: p.Name, Title: p.Title, Tags: slices.Clone(p.Tags), BuiltIn: p.BuiltIn}
	s.Grant = p.Grant
	if p.Provenance != nil && p.Provenance.Verification != "" {
		s.Provenance = &api.Provenance{Verification: p.Provenance.Verification}
	}
	return s
}

// Index writes summaries as the index holds them: a line each, its fields
// apart by tabs, the tags by commas.
func Index(all []api.Provider) string {
	var out strings.Builder
	for _, p := range all {
		verification := ""
		if p.Provenance != nil {
			verification = p.Provenance.Verification
		}
		out.WriteString(strings.Join([]string{p.Name, p.Title, strings.Join(p.Tags, ","), p.Grant, verification}, "\t") + "\n")
	}
	return out.String()
}

// readIndex reads the index of a directory; one without it has none. A name
// that it does not tell of is parsed instead.
func readIndex(dir fs.FS) map[string]api.Provider {
	text, err := fs.ReadFile(dir, indexFile)
	if err != nil {
		return nil
	}
	index := make(map[string]api.Provider, strings.Count(string(text), "\n"))
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 5 {
			continue
		}
		p := api.Provider{Name: fields[0], Title: fields[1], Tags: strings.FieldsFunc(fields[2], func(r rune) bool { return r == ',' }), BuiltIn: true}
		p.Grant = fields[3]
		if fields[4] != "" {
			p.Provenance = &api.Provenance{Verification: fields[4]}
		}
		index[p.Name] = p
	}
	return index
}
