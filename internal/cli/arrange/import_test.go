package arrange

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/manifest"
)

func TestAnImportedProviderStandsBesideABuiltInOneOfItsName(t *testing.T) {
	d := draft.New()
	d.Providers["github"] = api.Provider{Title: "mine"}
	d.Providers["own"] = api.Provider{}
	d.Clients["a"] = api.ClientSpec{Provider: "github"}
	d.Clients["b"] = api.ClientSpec{Provider: "gitlab"}
	besideBuiltIn(&d, manifest.State{Providers: []api.Provider{
		{Name: "github", BuiltIn: true}, {Name: "gitlab", BuiltIn: true}, {Name: "github-imported"}, {Name: "own"},
	}})
	if d.Providers["github-imported"].Title != "mine" || len(d.Providers) != 2 {
		t.Errorf("%+v", d.Providers)
	}
	if d.Clients["a"].Provider != "github-imported" || d.Clients["b"].Provider != "gitlab" {
		t.Errorf("%+v", d.Clients)
	}
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0].String(), "it is called github-imported") {
		t.Errorf("%v", d.Notes)
	}
}

func TestOfADirectoryTheFittingFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.json", "sub/A.JSON", "sub/c.txt", ".git/d.json", "node_modules/e.json", ".f.json"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := Commands{prompt.New(prompt.Streams{In: strings.NewReader("piped"), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, prompt.Env{})}
	files, err := p.importFiles([]string{dir, "-", filepath.Join(dir, "sub", "c.txt")}, []string{".json"})
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, file := range files {
		read = append(read, strings.TrimPrefix(file.Name, filepath.ToSlash(dir)+"/")+"="+string(file.Data))
	}
	if got := strings.Join(read, " "); got != "b.json=b.json sub/A.JSON=sub/A.JSON stdin=piped sub/c.txt=sub/c.txt" {
		t.Error(got)
	}
}

func TestEveryKindOfImportSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range importKinds() {
		if kind.short == "" || kind.example == "" || len(kind.extensions) == 0 || seen[kind.name] {
			t.Errorf("%+v", kind)
		}
		seen[kind.name] = true
		if d, err := kind.read([]draft.File{{Name: "x", Data: []byte("\x00")}}, ""); err == nil && !d.Empty() {
			t.Errorf("%s takes anything", kind.name)
		}
	}
}

func TestAZipArchiveIsReadAsADirectoryIs(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range []string{"Connector/b.json", "a.json", "readme.txt"} {
		in, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = in.Write([]byte(name))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "export.zip")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for arg, from := range map[string]string{path: filepath.ToSlash(path), "-": "stdin"} {
		p := Commands{prompt.New(prompt.Streams{In: bytes.NewReader(out.Bytes()), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, prompt.Env{})}
		files, err := p.importFiles([]string{arg}, []string{".json"})
		if err != nil || len(files) != 2 || files[0].Name != from+"/Connector/b.json" || string(files[1].Data) != "a.json" {
			t.Errorf("%s: %v, %v", arg, files, err)
		}
	}
}
