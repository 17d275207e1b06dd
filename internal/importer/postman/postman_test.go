package postman_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
	"github.com/valetkey/valetkey/internal/importer/postman"
)

func none(string) bool { return false }

func read(t *testing.T, texts ...string) draft.Draft {
	t.Helper()
	var files []draft.File
	for i, text := range texts {
		files = append(files, draft.File{Name: string(rune('a'+i)) + ".json", Data: []byte(text)})
	}
	d, err := postman.Read(files, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := form.Verify(d, none); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRealFilesAreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/real/*.json")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d := read(t, string(data))
		if d.Empty() && len(d.Notes) == 0 {
			t.Errorf("%s: nothing read and nothing said", name)
		}
		out, _ := json.MarshalIndent(d, "", " ")
		t.Logf("%s %s", name, out)
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/real/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := postman.Read([]draft.File{{Name: "f.json", Data: data}}, "")
		if err != nil {
			if fault.As(err).Message == "" {
				t.Fatal("an error without words")
			}
			return
		}
		if err := form.Verify(d, none); err != nil {
			t.Fatal(err)
		}
	})
}
