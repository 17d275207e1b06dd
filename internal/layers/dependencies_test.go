package layers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDirectDependenciesAreAccountedFor holds docs/dependencies.md to go.mod:
// each direct dependency has a line there that says why it beats the others.
func TestDirectDependenciesAreAccountedFor(t *testing.T) {
	direct := directDependencies(readRoot(t, "go.mod"))
	if len(direct) == 0 {
		t.Fatal("go.mod names no direct dependency: the reading of it is wrong")
	}
	page := readRoot(t, "docs/dependencies.md")
	for _, module := range direct {
		if !accountedFor(page, module) {
			t.Errorf("docs/dependencies.md has no line on %s: say why it beats the others", module)
		}
	}
}

func readRoot(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func directDependencies(goMod string) []string {
	var direct []string
	inRequire := false
	for line := range strings.Lines(goMod) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "require" && fields[1] == "(":
			inRequire = true
		case len(fields) == 1 && fields[0] == ")":
			inRequire = false
		case inRequire && len(fields) >= 2 && !strings.Contains(line, "// indirect"):
			direct = append(direct, fields[0])
		case len(fields) == 3 && fields[0] == "require":
			direct = append(direct, fields[1])
		}
	}
	return direct
}

// accountedFor wants a line that names the module and says something about it.
func accountedFor(page, module string) bool {
	const shortestReason = 30
	for line := range strings.Lines(page) {
		before, after, found := strings.Cut(line, module)
		if found && len(strings.TrimSpace(before))+len(strings.TrimSpace(after)) >= shortestReason {
			return true
		}
	}
	return false
}

func TestOnlyDirectDependenciesNeedALine(t *testing.T) {
	goMod := "module m\n\nrequire (\n\ta.example/one v1.0.0\n\tb.example/two v1.0.0 // indirect\n)\n\nrequire c.example/three v1.0.0\n"
	got := strings.Join(directDependencies(goMod), " ")
	if got != "a.example/one c.example/three" {
		t.Errorf("direct dependencies: %s", got)
	}
	if accountedFor("| a.example/one | |\n", "a.example/one") {
		t.Error("a line without a reason counts")
	}
	if !accountedFor("| a.example/one | the only one that keeps comments |\n", "a.example/one") {
		t.Error("a line with a reason does not count")
	}
}
