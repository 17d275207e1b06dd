package layers

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryPackageHasItsPage(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range moduleSources(t).files {
		if seen[file.pkg] || file.pkg == "cmd/valetkey" {
			continue
		}
		seen[file.pkg] = true
		if _, err := os.Stat(filepath.Join(moduleRoot, file.pkg, "doc.go")); err != nil {
			t.Errorf("%s has no doc.go: say what it is, its flow, its invariants and what is not in it", file.pkg)
		}
	}
}

func TestPackagesAreNamedForWhatTheyHold(t *testing.T) {
	vague := []string{"util", "utils", "common", "helpers", "helper", "types", "base", "misc", "shared"}
	for _, file := range moduleSources(t).files {
		if matches(vague, file.ast.Name.Name) || matches(vague, path.Base(file.pkg)) {
			t.Errorf("%s:1: package %s says nothing about what it holds", file.path, file.ast.Name.Name)
		}
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, file := range moduleSources(t).files {
		for number, line := range strings.Split(file.text, "\n") {
			if later.MatchString(line) {
				t.Errorf("%s:%d: left for later: %s", file.path, number+1, strings.TrimSpace(line))
			}
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	all := moduleSources(t)
	for _, file := range all.files {
		if file.test || file.ast.Name.Name == "main" {
			continue
		}
		for _, name := range undocumented(file.ast) {
			t.Errorf("%s: exported %s has no comment", all.at(file, name.Pos()), name.Name)
		}
	}
}

// undocumented lists the exported top-level names and methods without a comment.
func undocumented(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Doc == nil && decl.Name.IsExported() && exportedReceiver(decl) {
				names = append(names, decl.Name)
			}
		case *ast.GenDecl:
			names = append(names, undocumentedSpecs(decl)...)
		}
	}
	return names
}

// exportedReceiver tells whether a function is seen from outside: it has no
// receiver, or one of an exported type.
func exportedReceiver(fn *ast.FuncDecl) bool {
	if fn.Recv == nil {
		return true
	}
	receiver := fn.Recv.List[0].Type
	for {
		switch shape := receiver.(type) {
		case *ast.StarExpr:
			receiver = shape.X
		case *ast.IndexExpr:
			receiver = shape.X
		case *ast.IndexListExpr:
			receiver = shape.X
		case *ast.Ident:
			return shape.IsExported()
		default:
			return false
		}
	}
}

// undocumentedSpecs accepts a comment on the group, on the entry or beside it
// for constants and variables; a type needs one of its own.
func undocumentedSpecs(decl *ast.GenDecl) []*ast.Ident {
	var names []*ast.Ident
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && spec.Doc == nil && (decl.Doc == nil || decl.Lparen.IsValid()) {
				names = append(names, spec.Name)
			}
		case *ast.ValueSpec:
			if spec.Doc != nil || spec.Comment != nil || decl.Doc != nil {
				continue
			}
			for _, name := range spec.Names {
				if name.IsExported() {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func TestPackageVariablesNeverChange(t *testing.T) {
	all := moduleSources(t)
	variables := map[string]bool{}
	for _, file := range all.files {
		if file.test {
			continue
		}
		for _, decl := range file.ast.Decls {
			if group, ok := decl.(*ast.GenDecl); ok && group.Tok == token.VAR {
				checkVariables(t, all, file, group)
				noteVariables(variables, file.pkg, group)
			}
		}
	}
	for _, file := range all.files {
		if !file.test {
			checkAssignments(t, all, file, variables)
		}
	}
}

func checkVariables(t *testing.T, all *sources, file sourceFile, group *ast.GenDecl) {
	t.Helper()
	for _, spec := range group.Specs {
		value := spec.(*ast.ValueSpec)
		if embedded(group.Doc) || embedded(value.Doc) {
			continue
		}
		for i, name := range value.Names {
			if name.Name == "_" || matches(constantTables(), path.Join(file.pkg, name.Name)) || i < len(value.Values) && constantLike(name, value.Values[i]) {
				continue
			}
			t.Errorf("%s: package variable %s: only sentinels, embedded files, compiled patterns and constant tables; pass it in instead",
				all.at(file, name.Pos()), name.Name)
		}
	}
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		if strings.HasPrefix(comment.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// constantLike accepts values that Go cannot declare const but nobody changes:
// sentinels, what a Must function made of a literal, and tables that other
// packages cannot reach.
func constantLike(name *ast.Ident, value ast.Expr) bool {
	switch value := value.(type) {
	case *ast.CompositeLit, *ast.FuncLit:
		return !name.IsExported()
	case *ast.CallExpr:
		called := calledName(value)
		return isSentinel(name) || strings.HasPrefix(called, "Must") || strings.HasPrefix(called, "OnceValue") ||
			matches([]string{"New", "NewReplacer", "Errorf", "TypeFor", "TypeOf"}, called)
	case *ast.UnaryExpr:
		return value.Op == token.AND && isSentinel(name)
	}
	return false
}

func isSentinel(name *ast.Ident) bool {
	return strings.HasPrefix(name.Name, "err") || strings.HasPrefix(name.Name, "Err")
}

// constantTables are the packages' variables that the rules above cannot see
// to be constant. Being written to still fails for them.
func constantTables() []string {
	return []string{
		// The rights of the route table: functions, one of them nil.
		"internal/rest/anyone", "internal/rest/reads", "internal/rest/calls", "internal/rest/holds", "internal/rest/owns",
	}
}

func calledName(call *ast.CallExpr) string {
	fun := call.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	switch fun := fun.(type) {
	case *ast.SelectorExpr:
		return fun.Sel.Name
	case *ast.Ident:
		return strings.ToUpper(fun.Name[:1]) + fun.Name[1:]
	}
	return ""
}

func noteVariables(variables map[string]bool, pkg string, group *ast.GenDecl) {
	for _, spec := range group.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			if name.Name != "_" {
				variables[pkg+" "+name.Name] = true
			}
		}
	}
}

// checkAssignments finds writes to a package variable or into its table. A
// local that shadows one is reported too; it is worth another name.
func checkAssignments(t *testing.T, all *sources, file sourceFile, variables map[string]bool) {
	t.Helper()
	ast.Inspect(file.ast, func(node ast.Node) bool {
		assign, ok := node.(*ast.AssignStmt)
		if !ok || assign.Tok == token.DEFINE {
			return true
		}
		for _, target := range assign.Lhs {
			if index, ok := target.(*ast.IndexExpr); ok {
				target = index.X
			}
			name, ok := target.(*ast.Ident)
			if ok && variables[file.pkg+" "+name.Name] {
				t.Errorf("%s: package variable %s is written to", all.at(file, name.Pos()), name.Name)
			}
		}
		return true
	})
}
