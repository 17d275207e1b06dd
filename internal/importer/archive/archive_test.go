package archive_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/archive"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// entry is one file of an archive.
type entry struct {
	zip.FileHeader
	text string
}

func named(name, text string) entry {
	return entry{zip.FileHeader{Name: name, Method: zip.Deflate}, text}
}

func packed(t testing.TB, entries ...entry) draft.File {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		in, err := w.CreateHeader(&e.FileHeader)
		if err == nil {
			_, err = in.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return draft.File{Name: "export.zip", Data: out.Bytes()}
}

func TestTheFittingFilesOfAnArchiveAreRead(t *testing.T) {
	link := named("link.json", "/etc/passwd")
	link.SetMode(fs.ModeSymlink | 0o777)
	file := packed(t, named("b/", ""), named("b/One.JSON", "1"), named("two.yaml", "2"), named("b/c.txt", "x"), named(".git/d.json", "x"),
		named("__MACOSX/b/._One.json", "x"), named("node_modules/e.json", "x"), link, named("./a//three.json", "3"))
	if !archive.Is(file.Data) || archive.Is([]byte(`{"a":1}`)) {
		t.Fatal("an archive is not told from a document")
	}
	files, err := archive.Standard().Unpack(file, []string{".json", ".yaml"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name+"="+string(f.Data))
	}
	if want := "export.zip/b/One.JSON=1 export.zip/two.yaml=2 export.zip/a/three.json=3"; strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAnArchiveThatIsHostileIsRefused(t *testing.T) {
	locked := named("a.json", "{}")
	locked.Flags = 1
	var many []entry
	limits := archive.Limits{Files: 20, Bytes: 50_000}
	for i := range limits.Files + 1 {
		many = append(many, named(fmt.Sprintf("%d.json", i), ""))
	}
	whole := packed(t, named("a.json", strings.Repeat("a", 10_000)))
	cut := draft.File{Name: "cut.zip", Data: whole.Data[:len(whole.Data)/2]}
	spoiled := draft.File{Name: "spoiled.zip", Data: bytes.Clone(whole.Data)}
	spoiled.Data[40] ^= 0xff // in the compressed bytes
	for name, test := range map[string]struct {
		file draft.File
		want string
	}{
		"up":              {packed(t, named("../a.json", "{}")), "leads out of it"},
		"up on the way":   {packed(t, named("a/../../b.json", "{}")), "leads out of it"},
		"from the root":   {packed(t, named("/etc/a.json", "{}")), "leads out of it"},
		"on Windows":      {packed(t, named(`..\a.json`, "{}")), "leads out of it"},
		"on a drive":      {packed(t, named("c:a.json", "{}")), "leads out of it"},
		"a bomb":          {packed(t, named("a.json", strings.Repeat("0", 1_000_000))), "more than 50000 bytes"},
		"bombs together":  {packed(t, named("a.json", strings.Repeat("0", 50_000)), named("b.json", "00")), "more than 50000 bytes"},
		"too many":        {packed(t, many...), "more than 20 files"},
		"locked":          {packed(t, locked), "password"},
		"nothing fitting": {packed(t, named("a.txt", "x")), "no file in it ends in .json"},
		"cut off":         {cut, "is none"},
		"spoiled":         {spoiled, "cannot be unpacked"},
	} {
		_, err := limits.Unpack(test.file, []string{".json"})
		if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), test.want) || fault.As(err).Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheStandardLimitsAreThoseOfAnImport(t *testing.T) {
	if got := archive.Standard(); got.Bytes != draft.MaxSize || got.Files < 1000 {
		t.Errorf("%+v", got)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(packed(f, named("a.json", "{}"), named("b/c.yaml", "a: 1")).Data)
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := archive.Standard().Unpack(draft.File{Name: "x.zip", Data: data}, []string{".json", ".yaml"})
		if err != nil && !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%v", err)
		}
		for _, file := range files {
			if strings.Contains(file.Name+"/", "/../") || !strings.HasPrefix(file.Name, "x.zip/") {
				t.Errorf("the name %q", file.Name)
			}
		}
	})
}
