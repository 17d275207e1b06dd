package proof

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the documents anew")

const root = "../.."

// statement is one line of a table.
type statement struct {
	id, level, text string
	tests           []string // package:Test
	verdict         string   // "", or n/a or open with its reason
}

func read(t *testing.T, file string) []statement {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []statement
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 4 || fields[0] == "" || fields[2] == "" || fields[3] == "" {
			t.Fatalf("%s:%d: want id, level, statement and evidence, each behind a tab", file, i+1)
		}
		s := statement{id: fields[0], level: fields[1], text: fields[2]}
		if seen[s.id] {
			t.Errorf("%s:%d: %s stands there twice", file, i+1, s.id)
		}
		seen[s.id] = true
		if strings.HasPrefix(fields[3], "n/a: ") || strings.HasPrefix(fields[3], "open: ") {
			s.verdict = fields[3]
		} else {
			s.tests = strings.Fields(fields[3])
		}
		all = append(all, s)
	}
	return all
}

// tests are all tests of the module, as package:Test.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "node_modules") {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				found[filepath.ToSlash(pkg)+":"+fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryTestThatIsNamedIsThere(t *testing.T) {
	known := tests(t)
	for _, file := range []string{"protocol.tsv", "faults.tsv"} {
		for _, s := range read(t, file) {
			for _, test := range s.tests {
				if !known[test] {
					t.Errorf("%s: %s names %s, which is not there", file, s.id, test)
				}
			}
		}
	}
}

// kept reads a document's part that people write: all before the mark.
const mark = "<!-- generated: go test ./internal/proof -update -->\n"

func document(t *testing.T, path, table string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written, _, ok := bytes.Cut(before, []byte(mark))
	if !ok {
		t.Fatalf("%s lacks the line %q, behind which the table stands", path, strings.TrimSpace(mark))
	}
	want := string(written) + mark + table
	if want == string(before) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of step; go test ./internal/proof -update writes it", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func table(all []statement) string {
	var b strings.Builder
	passed, notApplicable, open := 0, 0, 0
	for _, s := range all {
		switch {
		case len(s.tests) > 0:
			passed++
		case strings.HasPrefix(s.verdict, "n/a"):
			notApplicable++
		default:
			open++
		}
	}
	fmt.Fprintf(&b, "\n%d statements: %d held by tests, %d not applicable, %d open.\n\n| id | | statement | test | verdict |\n|---|---|---|---|---|\n", len(all), passed, notApplicable, open)
	for _, s := range all {
		verdict, evidence := "passes", strings.Join(s.tests, "<br>")
		if s.verdict != "" {
			verdict, evidence, _ = strings.Cut(s.verdict, ": ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s.id, s.level, cell(s.text), cell(evidence), verdict)
	}
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func TestTheConformanceDocumentIsInStep(t *testing.T) {
	document(t, root+"/docs/conformance.md", table(read(t, "protocol.tsv")))
}

func TestTheReliabilityDocumentIsInStep(t *testing.T) {
	document(t, root+"/docs/reliability.md", table(read(t, "faults.tsv")))
}
