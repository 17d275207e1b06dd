package strictyaml

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v4"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Problem is one thing wrong with a document.
type Problem struct {
	Line, Column int // from 1; 0 when the whole file is meant
	Message      string
}

type problems struct {
	filename string
	found    []Problem
}

// place is a line and column from 1; 0 when the whole file is meant.
type place struct{ line, column int }

func (p *problems) at(where place, format string, args ...any) {
	p.found = append(p.found, Problem{Line: where.line, Column: where.column, Message: fmt.Sprintf(format, args...)})
}

func (p *problems) node(n *yaml.Node, format string, args ...any) {
	p.at(place{n.Line, n.Column}, format, args...)
}

// err is nil when nothing was found.
func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	return Fault(p.filename, p.found)
}

// Fault makes one [api.CodeInvalid] error of problems found in a file, in the
// order of their lines, at most 20 of them.
func Fault(filename string, found []Problem) *fault.Error {
	ordered := slices.Clone(found)
	slices.SortStableFunc(ordered, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	lines := make([]string, 0, maxProblems+1)
	for i, problem := range ordered {
		if i == maxProblems {
			lines = append(lines, fmt.Sprintf("and %d more", len(ordered)-maxProblems))
			break
		}
		lines = append(lines, problem.text(filename))
	}
	return fault.New(api.CodeInvalid, "%s", strings.Join(lines, "\n"))
}

func (p Problem) text(filename string) string {
	if p.Line == 0 {
		return filename + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", filename, p.Line, p.Column, p.Message)
}

// Nearest returns the known word that word is most likely meant to be, or
// nothing when none is close.
func Nearest(word string, known []string) string {
	best, distance := "", 1+max(2, len(word)/3)
	for _, candidate := range known {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(candidate))
		if d < distance && d < len(candidate) {
			best, distance = candidate, d
		}
	}
	return best
}

// Suggest is the end of a sentence about an unknown word: "; did you mean
// x?", or the list of the known ones when none is near.
func Suggest(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return "; did you mean " + near + "?"
	}
	if len(known) == 0 {
		return ""
	}
	return "; known are " + strings.Join(known, ", ")
}

// shown is a key as it may stand in a message: one line, not too long.
func shown(key string) string {
	if runes := []rune(key); len(runes) > 60 {
		key = string(runes[:60]) + "…"
	}
	return fmt.Sprintf("%q", key)
}

// secretive says whether the value under a key may be a secret.
func secretive(key string) bool {
	key = strings.ToLower(key)
	for _, sign := range []string{"secret", "password", "token", "credential", "private", "key"} {
		if strings.Contains(key, sign) {
			return true
		}
	}
	return false
}
