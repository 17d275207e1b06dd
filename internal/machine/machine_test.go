package machine_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/machine"
)

func put(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileIsReadOnlyUnderAnAllowedDirectory(t *testing.T) {
	root := t.TempDir()
	inside := put(t, filepath.Join(root, "in", "saml.xml"), "\n<a/>\n", 0o600)
	outside := put(t, filepath.Join(root, "out", "passwd"), "s3cret", 0o600)
	link := filepath.Join(root, "in", "link")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	allowed := machine.Permissions{ReadDirs: []string{filepath.Join(root, "in")}}
	if text, err := allowed.ReadFile(inside); err != nil || text != "<a/>" {
		t.Fatalf("%q, %v", text, err)
	}
	for name, path := range map[string]string{
		"elsewhere":        outside,
		"by a link":        link,
		"by dots":          filepath.Join(root, "in") + "/../out/passwd",
		"missing there":    filepath.Join(root, "out", "none"),
		"the directory":    filepath.Join(root, "in"),
		"a sibling's name": filepath.Join(root, "in2", "x"),
	} {
		text, err := allowed.ReadFile(path)
		if fault.As(err).Code != api.CodeForbidden || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if text, err := (machine.Permissions{All: true}).ReadFile(outside); err != nil || text != "s3cret" {
		t.Errorf("an operator on their own machine: %q, %v", text, err)
	}
	for _, path := range []string{filepath.Join(root, "in", "none"), "in/saml.xml"} {
		if _, err := (machine.Permissions{All: true}).ReadFile(path); fault.As(err).Code != api.CodeNeedsConfiguration {
			t.Errorf("%s: %v", path, err)
		}
	}
	huge := put(t, filepath.Join(root, "in", "huge"), strings.Repeat("x", 1<<20+1), 0o600)
	if _, err := allowed.ReadFile(huge); err == nil {
		t.Error("a file of any size is read")
	}
}

func TestACommandIsRunOnlyWhenItsProgramIsAllowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the test's commands are shell scripts")
	}
	dir := t.TempDir()
	give := put(t, filepath.Join(dir, "give"), "#!/bin/sh\necho \" $1 \"\n", 0o700)
	fail := put(t, filepath.Join(dir, "fail"), "#!/bin/sh\necho s3cret\nexit 3\n", 0o700)
	much := put(t, filepath.Join(dir, "much"), "#!/bin/sh\nexec head -c 1200000 /dev/zero\n", 0o700)
	p := machine.Permissions{Commands: []string{give, fail, much}}
	if text, err := p.Run(t.Context(), []string{give, "a;b"}); err != nil || text != "a;b" {
		t.Fatalf("%q, %v: arguments are no shell's", text, err)
	}
	for name, test := range map[string]struct {
		command []string
		code    api.Code
		says    string
	}{
		"not allowed":   {[]string{"/bin/cat", "/etc/passwd"}, api.CodeForbidden, "/bin/cat"},
		"no path":       {[]string{"give"}, api.CodeNeedsConfiguration, "absolute"},
		"nothing":       {nil, api.CodeNeedsConfiguration, "absolute"},
		"it fails":      {[]string{fail}, api.CodeNeedsConfiguration, "exit status 3"},
		"it goes on":    {[]string{much}, api.CodeNeedsConfiguration, "gave no token"},
		"it is no more": {[]string{filepath.Join(dir, "gone")}, api.CodeForbidden, "gone"},
	} {
		text, err := p.Run(t.Context(), test.command)
		found := fault.As(err)
		if text != "" || found.Code != test.code || !strings.Contains(found.Message, test.says) {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
		if strings.Contains(found.Message+found.Hint, "s3cret") {
			t.Errorf("%s: what a command prints is shown: %v", name, err)
		}
	}
}

func TestAFileIsWrittenWholeForItsOwnerOnlyWhereThatIsAllowed(t *testing.T) {
	root := t.TempDir()
	path := put(t, filepath.Join(root, "tokens", "mail.json"), "old", 0o644)
	p := machine.Permissions{WriteDirs: []string{filepath.Join(root, "tokens")}}
	if err := p.WriteFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	text, _ := os.ReadFile(path)
	if err != nil || string(text) != "new" || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Fatalf("%q %v, %v", text, info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside the file: %v", left)
	}
	if err := os.Symlink(root, filepath.Join(root, "tokens", "up")); err != nil {
		t.Fatal(err)
	}
	for _, elsewhere := range []string{filepath.Join(root, "x.json"), filepath.Join(root, "tokens", "up", "x.json"), filepath.Join(root, "none", "x.json")} {
		if err := p.WriteFile(elsewhere, nil); fault.As(err).Code != api.CodeForbidden {
			t.Errorf("%s: %v", elsewhere, err)
		}
	}
	if err := p.WriteFile("x.json", nil); fault.As(err).Code != api.CodeInvalid {
		t.Errorf("a path that depends on where the server was started: %v", err)
	}
	if err := (machine.Permissions{All: true}).WriteFile(filepath.Join(root, "x.json"), []byte("x")); err != nil {
		t.Errorf("an operator on their own machine: %v", err)
	}
}
