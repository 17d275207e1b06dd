package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// parseText reads Go source that is not part of the module.
func parseText(t *testing.T, body string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+body, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheMeasuresCountWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		name           string
		body           string
		paths, nesting int
	}{
		{"a straight line", "f()", 1, 0},
		{"an if with two conditions", "if a && b { f() }", 3, 1},
		{"an else-if is no deeper", "if a { f() } else if b { f() } else { f() }", 3, 1},
		{"each case is a way, default is not", "switch a { case 1: f(); case 2: f(); default: f() }", 3, 1},
		{"a loop around a branch", "for range a { if b { f() } }", 3, 2},
		{"four deep", "for a { for b { if c { switch d { case 1: f() } } } }", 5, 4},
		{"a function literal starts anew", "if a { g(func() { if b { f() } }) }", 3, 1},
		{"a select", "select { case <-a: f(); default: f() }", 2, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			fn := parseText(t, "func x() {\n"+c.body+"\n}").Decls[0].(*ast.FuncDecl)
			if got := cyclomatic(fn); got != c.paths {
				t.Errorf("cyclomatic complexity %d, want %d", got, c.paths)
			}
			if got := nesting(fn.Body); got != c.nesting {
				t.Errorf("nesting %d, want %d", got, c.nesting)
			}
		})
	}
}

func TestUndocumentedNamesAreFound(t *testing.T) {
	file := parseText(t, `
// Documented has a comment.
type Documented struct{}

type Bare struct{}

func (Documented) Method() {}
func (hidden) Method()     {}

type hidden struct{}

// A group may share one comment.
const (
	One = 1
	Two = 2
)

var Loose = 1
`)
	var got []string
	for _, name := range undocumented(file) {
		got = append(got, name.Name)
	}
	if strings.Join(got, " ") != "Bare Method Loose" {
		t.Errorf("undocumented: %v, want Bare Method Loose", got)
	}
}

func TestConstantLikeTellsTablesFromState(t *testing.T) {
	for declaration, want := range map[string]bool{
		`var pattern = regexp.MustCompile("x")`: true,
		`var ErrGone = errors.New("gone")`:      true,
		`var errGone = &fault.Error{}`:          true,
		`var names = map[string]int{"a": 1}`:    true,
		`var Names = map[string]int{"a": 1}`:    false,
		`var cache = newCache()`:                false,
		`var current = &config{}`:               false,
		`var enabled = true`:                    false,
	} {
		spec := parseText(t, declaration).Decls[0].(*ast.GenDecl).Specs[0].(*ast.ValueSpec)
		if got := constantLike(spec.Names[0], spec.Values[0]); got != want {
			t.Errorf("%s: counts as constant: %v, want %v", declaration, got, want)
		}
	}
}
