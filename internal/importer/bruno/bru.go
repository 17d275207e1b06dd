package bruno

import (
	"strings"
)

// block is one block of a .bru file: name { … }, or name [ … ].
type block struct {
	name  string
	line  int      // where it begins, from 1
	lines []string // as they are
}

// pair is one line of a dictionary.
type pair struct{ name, value string }

// blocks splits a .bru file. A block begins with its name and a brace on one
// line, and ends with a line that is the closing brace alone, or, where it
// stands on one line, there.
func blocks(text string) []block {
	var found []block
	var open *block
	closing := ""
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		switch bare := strings.TrimRight(line, " \t"); {
		case open != nil && bare == closing:
			found, open = append(found, *open), nil
		case open != nil:
			open.lines = append(open.lines, line)
		case strings.HasSuffix(bare, "{") || strings.HasSuffix(bare, "["):
			name := strings.TrimSpace(bare[:len(bare)-1])
			if name == "" || strings.ContainsAny(name, "{}[]") {
				continue
			}
			open = &block{name: name, line: i + 1}
			closing = map[byte]string{'{': "}", '[': "]"}[bare[len(bare)-1]]
		}
	}
	if open != nil {
		found = append(found, *open)
	}
	return found
}

// pairs reads a block as a dictionary: key: value, one a line. A key may be in
// double quotes; ~ switches a line off; @ begins an annotation; three single
// quotes open and close a value of several lines.
func (b block) pairs() []pair {
	var found []pair
	for i := 0; i < len(b.lines); i++ {
		line := strings.TrimSpace(b.lines[i])
		if line == "" || line[0] == '~' || line[0] == '@' {
			i = b.skip(i, line)
			continue
		}
		name, value := cut(line)
		if name == "" {
			continue
		}
		if text, opened := strings.CutPrefix(value, "'''"); opened {
			value, i = b.multiline(i, text)
		}
		found = append(found, pair{name: name, value: value})
	}
	return found
}

// skip leaves out a line that is switched off with all its value.
func (b block) skip(i int, line string) int {
	if _, value := cut(line); strings.HasPrefix(value, "'''") && line[0] == '~' {
		_, i = b.multiline(i, value[3:])
	}
	return i
}

func (b block) multiline(i int, first string) (string, int) {
	if text, closed := strings.CutSuffix(first, "'''"); closed && first != "" {
		return text, i
	}
	var parts []string
	if first != "" {
		parts = append(parts, first)
	}
	for i++; i < len(b.lines); i++ {
		line := strings.TrimSpace(b.lines[i])
		if text, closed := strings.CutSuffix(line, "'''"); closed {
			if text != "" {
				parts = append(parts, text)
			}
			break
		}
		parts = append(parts, line)
	}
	return strings.Join(parts, "\n"), i
}

// cut splits a line at the colon behind its key.
func cut(line string) (name, value string) {
	if !strings.HasPrefix(line, `"`) {
		name, value, _ = strings.Cut(line, ":")
		return strings.TrimSpace(name), strings.TrimSpace(value)
	}
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			_, value, _ = strings.Cut(line[i:], ":")
			return strings.ReplaceAll(line[1:i], `\"`, `"`), strings.TrimSpace(value)
		}
	}
	return "", ""
}

// text is a block as text, without the indentation by two spaces.
func (b block) text() string {
	var out strings.Builder
	for _, line := range b.lines {
		out.WriteString(strings.TrimPrefix(line, "  "))
		out.WriteByte('\n')
	}
	return out.String()
}
