package layers

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	modulePath = "github.com/valetkey/valetkey"
	moduleRoot = "../.."
)

// sourceFile is one Go file of the module, tests included.
type sourceFile struct {
	path string // from the module's root, with slashes
	pkg  string // directory from the module's root
	test bool
	text string
	ast  *ast.File
}

// sources is every Go file of the module, parsed.
type sources struct {
	set   *token.FileSet
	files []sourceFile
}

// at gives a node's place as file:line.
func (s *sources) at(file sourceFile, pos token.Pos) string {
	return fmt.Sprintf("%s:%d", file.path, s.set.Position(pos).Line)
}

// around is the text of the line a position is on and of the next one.
func (s *sources) around(file sourceFile, pos token.Pos) string {
	line := s.set.Position(pos).Line
	lines := strings.Split(file.text, "\n")
	return strings.Join(lines[line-1:min(line+1, len(lines))], "\n")
}

// lines counts the lines a node spans.
func (s *sources) lines(node ast.Node) int {
	return s.set.Position(node.End()).Line - s.set.Position(node.Pos()).Line + 1
}

var parseOnce = sync.OnceValues(parseModule)

func moduleSources(t *testing.T) *sources {
	t.Helper()
	all, err := parseOnce()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parseModule() (*sources, error) {
	all := &sources{set: token.NewFileSet()}
	err := filepath.WalkDir(moduleRoot, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(name, entry.Name())
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		return all.add(name)
	})
	return all, err
}

func skipDir(name, base string) error {
	hidden := strings.HasPrefix(base, ".") && name != moduleRoot
	if hidden || base == "node_modules" || base == "testdata" {
		return filepath.SkipDir
	}
	return nil
}

func (s *sources) add(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(moduleRoot, name)
	if err != nil {
		return err
	}
	slashed := filepath.ToSlash(relative)
	file, err := parser.ParseFile(s.set, slashed, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	s.files = append(s.files, sourceFile{
		path: slashed,
		pkg:  path.Dir(slashed),
		test: strings.HasSuffix(slashed, "_test.go"),
		text: string(text),
		ast:  file,
	})
	return nil
}

// listedPackage is what go list says of one package, tests left out.
type listedPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// room is the package's path without the module's.
func room(importPath string) string {
	return strings.TrimPrefix(importPath, modulePath+"/")
}

// ours tells whether an import path is a package of this module.
func ours(importPath string) bool {
	return strings.HasPrefix(importPath, modulePath+"/")
}

var listOnce = sync.OnceValues(listModule)

func modulePackages(t *testing.T) []listedPackage {
	t.Helper()
	packages, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no packages")
	}
	return packages
}

func listModule() ([]listedPackage, error) {
	cmd := exec.Command("go", "list", "-e", "-deps=false", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = moduleRoot
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []listedPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var one listedPackage
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, err
		}
		packages = append(packages, one)
	}
}
