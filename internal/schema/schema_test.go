package schema_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/valetkey/valetkey/internal/schema"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// compiled is a schema ready to check with.
func compiled(t *testing.T, write func() ([]byte, error)) *jsonschema.Schema {
	t.Helper()
	text, err := write()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("valetkey.json", document); err != nil {
		t.Fatal(err)
	}
	ready, err := compiler.Compile("valetkey.json")
	if err != nil {
		t.Fatal(err)
	}
	return ready
}

// read is a document as the schema's checker takes it.
func read(t *testing.T, name string, text []byte) any {
	t.Helper()
	var loose any
	if err := strictyaml.Decode(name, text, &loose); err != nil {
		t.Fatal(err)
	}
	return loose
}

func TestEveryShippedProviderIsValid(t *testing.T) {
	provider := compiled(t, schema.Provider)
	checked := 0
	err := filepath.WalkDir(filepath.Join("..", "catalog"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || strings.Contains(path, "testdata") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		checked++
		if err := provider.Validate(read(t, path, text)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		return nil
	})
	if err != nil || checked < 100 {
		t.Errorf("%d were checked, %v", checked, err)
	}
}

func TestEveryManifestOfTheDocumentationIsValid(t *testing.T) {
	manifest := compiled(t, schema.Manifest)
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range block.FindAllSubmatch(text, -1) {
			loose, isMap := read(t, page, found[1]).(map[string]any)
			if !isMap || loose["providers"] == nil && loose["clients"] == nil && loose["connections"] == nil {
				continue // a part of one
			}
			checked++
			if err := manifest.Validate(loose); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if checked < 3 {
		t.Errorf("%d manifests were found", checked)
	}
}

func TestSecretsMayBeWrittenInEveryForm(t *testing.T) {
	manifest := compiled(t, schema.Manifest)
	for form, valid := range map[string]bool{
		`text`: true, `{env: A}`: true, `{file: a}`: true, `{command: [pass, show, x]}`: true, `{keyring: a/b}`: true,
		`{env: A, file: b}`: false, `{}`: false, `[a]`: false, `{command: pass}`: false, `12`: false,
	} {
		text := "clients: {a: {provider: p, client_id: i, client_secret: " + form + ", variables: {v: " + form + "}}}"
		if err := manifest.Validate(read(t, "m.yaml", []byte(text))); (err == nil) != valid {
			t.Errorf("%s: %v", form, err)
		}
	}
}

func TestAnUnknownKeyIsNotValid(t *testing.T) {
	manifest := compiled(t, schema.Manifest)
	for _, text := range []string{
		"conections: {}",
		"connections: {a: {client: b, scope: [x]}}",
		"providers: {p: {token_endpoint: 12}}",
		"prune: true",
	} {
		if err := manifest.Validate(read(t, "m.yaml", []byte(text))); err == nil {
			t.Errorf("%s is valid", text)
		}
	}
}
