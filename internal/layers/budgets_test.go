package layers

import (
	"go/ast"
	"go/token"
	"path"
	"testing"
)

const (
	maxFileLines    = 500
	maxFuncLines    = 80
	maxMainLines    = 25
	maxMethods      = 6
	maxFields       = 15
	maxParams       = 5
	maxCyclomatic   = 15
	maxNesting      = 4
	maxPackageLines = 3000
)

func TestFilesAndPackagesStayShort(t *testing.T) {
	packageLines := map[string]int{}
	for _, file := range moduleSources(t).files {
		lines := countLines(file.text)
		if lines > maxFileLines {
			t.Errorf("%s:1: %d lines; the budget of a file is %d: split it along its nouns", file.path, lines, maxFileLines)
		}
		if !file.test {
			packageLines[file.pkg] += lines
		}
	}
	for pkg, lines := range packageLines {
		if lines > maxPackageLines {
			t.Errorf("%s: %d lines; the budget of a package is %d: split it along its nouns", pkg, lines, maxPackageLines)
		}
	}
}

func countLines(text string) int {
	n := 0
	for _, c := range text {
		if c == '\n' {
			n++
		}
	}
	return n
}

// TestFunctionsStaySimple measures what ships. Tests are held to the length of
// a file only: a table of cases is long and still simple.
func TestFunctionsStaySimple(t *testing.T) {
	all := moduleSources(t)
	for _, file := range all.files {
		if file.test {
			continue
		}
		for _, decl := range file.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				checkFunction(t, all, file, fn)
			}
		}
	}
}

func checkFunction(t *testing.T, all *sources, file sourceFile, fn *ast.FuncDecl) {
	t.Helper()
	limit := maxFuncLines
	if file.ast.Name.Name == "main" && fn.Name.Name == "main" {
		limit = maxMainLines
	}
	for _, measure := range []struct {
		what       string
		got, limit int
	}{
		{"lines", all.lines(fn), limit},
		{"parameters", fn.Type.Params.NumFields(), maxParams},
		{"cyclomatic complexity", cyclomatic(fn), maxCyclomatic},
		{"levels of nesting", nesting(fn.Body), maxNesting},
	} {
		if measure.got > measure.limit {
			t.Errorf("%s: %s has %d %s; the budget is %d",
				all.at(file, fn.Pos()), fn.Name.Name, measure.got, measure.what, measure.limit)
		}
	}
	if fn.Recv == nil && fn.Name.Name == "init" {
		t.Errorf("%s: init(): 1; the budget is 0: wire it in app instead", all.at(file, fn.Pos()))
	}
}

// cyclomatic counts the ways through a function: one, and one more for each
// branch, loop, case and short-circuit. Function literals count where they stand.
func cyclomatic(fn *ast.FuncDecl) int {
	paths := 1
	ast.Inspect(fn, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			paths++
		case *ast.CaseClause:
			if node.List != nil {
				paths++
			}
		case *ast.CommClause:
			if node.Comm != nil {
				paths++
			}
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				paths++
			}
		}
		return true
	})
	return paths
}

// nesting is the greatest number of branches and loops around one statement.
// An else-if is no deeper than its if; a function literal starts anew.
func nesting(node ast.Node) int {
	deepest := 0
	walkNesting(node, 0, &deepest)
	return deepest
}

func walkNesting(node ast.Node, depth int, deepest *int) {
	*deepest = max(*deepest, depth)
	ast.Inspect(node, func(child ast.Node) bool {
		if child == nil || child == node {
			return true
		}
		switch child := child.(type) {
		case *ast.IfStmt:
			below := depth + 1
			if parent, ok := node.(*ast.IfStmt); ok && parent.Else == child {
				below = depth
			}
			walkNesting(child, below, deepest)
			return false
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			walkNesting(child, depth+1, deepest)
			return false
		case *ast.FuncLit:
			walkNesting(child.Body, 0, deepest)
			return false
		}
		return true
	})
}

func TestTypesStayNarrow(t *testing.T) {
	all := moduleSources(t)
	for _, file := range all.files {
		if file.test {
			continue
		}
		ast.Inspect(file.ast, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if ok {
				checkType(t, all, file, spec)
			}
			return true
		})
	}
}

func checkType(t *testing.T, all *sources, file sourceFile, spec *ast.TypeSpec) {
	t.Helper()
	switch shape := spec.Type.(type) {
	case *ast.InterfaceType:
		if n := shape.Methods.NumFields(); n > maxMethods {
			t.Errorf("%s: interface %s has %d methods; the budget is %d: split it by who needs what",
				all.at(file, spec.Pos()), spec.Name.Name, n, maxMethods)
		}
	case *ast.StructType:
		limit := maxFields
		if wide, ok := wideRecords()[path.Join(file.pkg, spec.Name.Name)]; ok {
			limit = wide
		}
		if n := shape.Fields.NumFields(); n > limit {
			t.Errorf("%s: struct %s has %d fields; the budget is %d", all.at(file, spec.Pos()), spec.Name.Name, n, limit)
		}
	}
}

// wideRecords are the structs that mirror a flat document users write or read,
// with their own budget. Grouping their fields would change the document.
func wideRecords() map[string]int {
	return map[string]int{
		"api/ConnectionStatus": 16,
	}
}
