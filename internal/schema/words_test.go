package schema_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/schema"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

var update = flag.Bool("update", false, "write words.tsv anew")

// comments reads what the source says of the fields of every type, by type and
// field.
func comments(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, dir := range []string{"../../api", "../../oauth", "../../oauth/signature"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, is := n.(*ast.TypeSpec); is {
					if fields, is := spec.Type.(*ast.StructType); is {
						readFields(spec.Name.Name, fields, all)
					}
				}
				return true
			})
		}
	}
	return all
}

func readFields(of string, fields *ast.StructType, all map[string]string) {
	for _, field := range fields.Fields.List {
		text := strings.Join(strings.Fields(field.Doc.Text()+" "+field.Comment.Text()), " ")
		for _, name := range field.Names {
			all[of+"."+name.Name] = text
		}
	}
}

// declared are the fields of all types that the schemas describe, as the table
// names them, and the key of each.
func declared() map[string]string {
	seen := make(map[reflect.Type]bool)
	all := make(map[string]string)
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
			return
		}
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || seen[t] {
			return
		}
		seen[t] = true
		for _, f := range strictyaml.Fields(t) {
			all[f.Owner.Name()+"."+f.Go] = f.Name
			visit(f.Type)
		}
	}
	visit(reflect.TypeFor[api.Manifest]())
	visit(reflect.TypeFor[api.Provider]())
	return all
}

func TestTheTableSaysWhatTheSourceSays(t *testing.T) {
	before, err := os.ReadFile("words.tsv")
	if err != nil && !*update {
		t.Fatal(err)
	}
	written := make(map[string]string)
	for line := range strings.Lines(string(before)) {
		of, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		written[of] = text
	}
	said := comments(t)
	var table strings.Builder
	keys := declared()
	for _, field := range slices.Sorted(maps.Keys(keys)) {
		text := said[field]
		if _, name, _ := strings.Cut(field, "."); strings.HasPrefix(text, name) {
			text = keys[field] + strings.TrimPrefix(text, name) // nobody who writes the file knows the field's name
		}
		if text == "" {
			text = written[field]
		}
		if text == "" {
			t.Errorf("%s has no words: give the field a comment, or write a line for it into words.tsv", field)
		}
		fmt.Fprintf(&table, "%s\t%s\n", field, text)
	}
	if *update {
		if err := os.WriteFile("words.tsv", []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for line := range strings.Lines(table.String()) {
		if of, text, _ := strings.Cut(strings.TrimSpace(line), "\t"); written[of] != text {
			t.Errorf("words.tsv says other words of %s than its comment: run go generate ./internal/schema", of)
		}
	}
}

func TestEveryKeyHasADescription(t *testing.T) {
	for name, write := range map[string]func() ([]byte, error){"manifest": schema.Manifest, "provider": schema.Provider} {
		text, err := write()
		if err != nil {
			t.Fatal(err)
		}
		var root map[string]any
		if err := json.Unmarshal(text, &root); err != nil {
			t.Fatal(err)
		}
		checked := 0
		objects := map[string]any{name: root}
		for def, one := range root["$defs"].(map[string]any) {
			objects[def] = one
		}
		for _, of := range slices.Sorted(maps.Keys(objects)) {
			properties, _ := objects[of].(map[string]any)["properties"].(map[string]any)
			for key, property := range properties {
				checked++
				if words, _ := property.(map[string]any)["description"].(string); words == "" {
					t.Errorf("%s: %s.%s has no description", name, of, key)
				}
			}
		}
		if checked < 100 {
			t.Errorf("%s: %d keys were checked", name, checked)
		}
	}
}
