package tokendir_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/tokendir"
)

func TestAFileIsReplacedWholeForItsOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mail.json")
	if err := os.WriteFile(path, []byte("an older and longer one"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (tokendir.Dirs{Allowed: []string{dir}}).Write(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	text, _ := os.ReadFile(path)
	if err != nil || string(text) != "new" || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Fatalf("%q %v, %v", text, info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("beside the file: %v", left)
	}
}

func TestAFileLiesOnlyWhereTheOperatorAllowsIt(t *testing.T) {
	root := t.TempDir()
	allowed := filepath.Join(root, "tokens")
	if err := os.MkdirAll(filepath.Join(allowed, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(root, filepath.Join(allowed, "up")); err != nil {
		t.Fatal(err)
	}
	d := tokendir.Dirs{Allowed: []string{filepath.Join(root, "none"), allowed}}
	for path, want := range map[string]api.Code{
		filepath.Join(allowed, "x.json"):         "",
		filepath.Join(allowed, "deep", "x.json"): "",
		filepath.Join(root, "x.json"):            api.CodeForbidden,
		filepath.Join(root, "tokens2", "x.json"): api.CodeForbidden,
		filepath.Join(allowed, "up", "x.json"):   api.CodeForbidden, // a link out of it
		allowed + "/../x.json":                   api.CodeForbidden,
		filepath.Join(allowed, "gone", "x.json"): api.CodeForbidden,
		"x.json":                                 api.CodeInvalid,
	} {
		err := d.Write(path, []byte("x"))
		if want == "" && err != nil || want != "" && fault.As(err).Code != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "x.json")); err == nil {
		t.Error("a file was written outside")
	}
	if err := (tokendir.Dirs{}).MayWrite(filepath.Join(allowed, "x.json")); fault.As(err).Code != api.CodeForbidden {
		t.Errorf("without leave: %v", err)
	}
	if err := (tokendir.Dirs{Any: true}).Write(filepath.Join(root, "own.json"), []byte("x")); err != nil {
		t.Errorf("on one's own data: %v", err)
	}
}

func TestAFileThatCannotBeWrittenIsNamed(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.Mkdir(taken, 0o700); err != nil {
		t.Fatal(err)
	}
	err := tokendir.Dirs{Any: true}.Write(taken, []byte("x"))
	if found := fault.As(err); found.Code != api.CodeNeedsConfiguration || found.Hint == "" {
		t.Fatalf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("beside it: %v", left)
	}
}
