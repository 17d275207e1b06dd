package catalog_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
)

var update = flag.Bool("update", false, "write the files that are made from the descriptions")

// wantFile holds a generated file to what it must say now.
func wantFile(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s does not say what the descriptions say: run go generate ./internal/catalog", path)
	}
}

// descriptions parses all that is shipped, by name.
func descriptions(t *testing.T) []api.Provider {
	t.Helper()
	c := builtIn(t)
	var all []api.Provider
	for _, name := range c.Names() {
		p, _, err := c.Provider(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestAListShowsWhatTheDescriptionsSay(t *testing.T) {
	listed, err := builtIn(t).List()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range descriptions(t) {
		want := catalog.Summary(p)
		if len(want.Tags) == 0 {
			want.Tags = listed[i].Tags[:0] // an empty list is as good as none
		}
		if !reflect.DeepEqual(listed[i], want) {
			t.Errorf("%s is listed as %+v, and is %+v", p.Name, listed[i], want)
		}
	}
}

func TestTheIndexSaysWhatTheDescriptionsSay(t *testing.T) {
	wantFile(t, filepath.Join("providers", "index.tsv"), catalog.Index(descriptions(t)))
}
