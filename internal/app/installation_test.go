package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestANameAndALogoAreWhatAPageCanShow(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := file("logo.SVG", `<svg xmlns="http://www.w3.org/2000/svg"/>`)
	brand, err := Installation{Name: " Contoso ", Logo: good}.brand()
	if err != nil || brand.Name != "Contoso" || brand.Kind != "image/svg+xml" || len(brand.Picture) == 0 {
		t.Errorf("%+v %v", brand, err)
	}
	if brand, err = (Installation{}).brand(); err != nil || brand.Name != "" || brand.Picture != nil {
		t.Errorf("%+v %v", brand, err)
	}
	for words, bad := range map[string]Installation{
		"longer than 40":   {Name: strings.Repeat("x", 41)},
		"not one line":     {Name: "a\nb"},
		"cannot be read":   {Logo: filepath.Join(dir, "nothing.png")},
		"is not a PNG":     {Logo: file("logo.png", "text")},
		"element script":   {Logo: file("bad.svg", `<svg><script/></svg>`)},
		"larger than 32 K": {Logo: file("big.png", strings.Repeat("x", 33<<10))},
	} {
		_, err := bad.brand()
		if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), words) || fault.As(err).Hint == "" {
			t.Errorf("%v, want %q", err, words)
		}
	}
}
