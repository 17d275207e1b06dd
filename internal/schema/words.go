package schema

import (
	_ "embed"
	"strings"

	"github.com/valetkey/valetkey/internal/strictyaml"
)

//go:generate go test -run TestTheTableSaysWhatTheSourceSays . -update

// wordTable says what each key is: the type that declares it and its name there,
// a tab, words. The words are the comment in the type's source where it has
// one; the others are written here.
//
//go:embed words.tsv
var wordTable string

// words are those of the table by type and field, such as Provider.Title.
func words() map[string]string {
	all := make(map[string]string)
	for line := range strings.Lines(wordTable) {
		if of, text, found := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); found {
			all[of] = text
		}
	}
	return all
}

// wordKey is where a field's words stand.
func wordKey(f strictyaml.Field) string { return f.Owner.Name() + "." + f.Go }
