package curl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// lexer splits text into words as bash does, or as cmd.exe where carets stand
// at the ends of lines or before quotes.
type lexer struct {
	text  string
	at    int
	word  strings.Builder
	begun bool // a word, which may be empty: ''
	words []string
	lines [][]string
	caret bool // cmd.exe's quoting
}

// split gives the words of each command.
func split(text string) [][]string {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	l := lexer{text: text, caret: strings.Contains(text, "^\n") || strings.Contains(text, `^"`)}
	for l.at < len(l.text) {
		l.step()
	}
	l.endCommand()
	return l.lines
}

func (l *lexer) step() {
	c := l.text[l.at]
	rest := l.text[l.at:]
	l.at++
	switch {
	case c == ' ' || c == '\t':
		l.endWord()
	case l.ends(rest):
		l.endCommand()
	case c == '#' && !l.begun:
		l.comment()
	case !l.quote(rest):
		l.add(string(c))
	}
}

// ends says whether a command ends here.
func (l *lexer) ends(rest string) bool {
	switch rest[0] {
	case '\n', '|':
		return true
	case ';':
		return !l.caret
	case '&':
		return !l.begun || strings.HasPrefix(rest, "&&") || strings.HasPrefix(rest, "& ")
	}
	return false
}

// quote reads what a quote, an escape or a variable stands for, if it is one.
func (l *lexer) quote(rest string) bool {
	c := rest[0]
	switch {
	case c == '\\' && !l.caret, c == '^' && l.caret, strings.HasPrefix(rest, "`\n"):
		l.escaped()
	case c == '\'' && !l.caret:
		l.until("'")
	case strings.HasPrefix(rest, "$'"):
		l.at++
		l.ansi()
	case c == '"':
		l.double()
	case c == '$' && !l.caret:
		l.variable()
	default:
		return false
	}
	return true
}

func (l *lexer) add(text string) { l.begun = true; l.word.WriteString(text) }

func (l *lexer) endWord() {
	if l.begun {
		l.words = append(l.words, l.word.String())
	}
	l.word.Reset()
	l.begun = false
}

func (l *lexer) endCommand() {
	l.endWord()
	if len(l.words) > 0 {
		l.lines = append(l.lines, l.words)
	}
	l.words = nil
}

// escaped is the character behind a backslash or caret; a line break there
// goes on with the line.
func (l *lexer) escaped() {
	if l.at >= len(l.text) {
		return
	}
	if l.text[l.at] == '\n' {
		l.at++
		return
	}
	if l.caret && l.text[l.at] == '"' {
		l.at++
		l.double()
		return
	}
	_, size := utf8.DecodeRuneInString(l.text[l.at:])
	l.add(l.text[l.at : l.at+size])
	l.at += size
}

// until takes text as it is up to a quote.
func (l *lexer) until(quote string) {
	end := strings.Index(l.text[l.at:], quote)
	if end < 0 {
		end = len(l.text) - l.at
	}
	l.add(l.text[l.at : l.at+end])
	l.at = min(l.at+end+len(quote), len(l.text))
}

func (l *lexer) comment() {
	end := strings.IndexByte(l.text[l.at:], '\n')
	if end < 0 {
		end = len(l.text) - l.at
	}
	l.at += end
}

// double is text in double quotes.
func (l *lexer) double() {
	l.add("")
	for l.at < len(l.text) {
		c := l.text[l.at]
		l.at++
		switch {
		case c == '"':
			return
		case c == '^' && l.caret && l.at < len(l.text):
			if l.text[l.at] == '"' {
				l.at++
				return
			}
			l.add(string(l.text[l.at]))
			l.at++
		case c == '\\' && l.at < len(l.text) && strings.IndexByte("\"\\$`\n", l.text[l.at]) >= 0:
			if l.text[l.at] != '\n' {
				l.add(string(l.text[l.at]))
			}
			l.at++
		case c == '$' && !l.caret:
			l.variable()
		default:
			l.add(string(c))
		}
	}
}

// variable is $NAME or ${NAME}, which becomes {{NAME}}; anything else behind
// a $ is text.
func (l *lexer) variable() {
	rest := l.text[l.at:]
	braced := strings.HasPrefix(rest, "{")
	name := strings.TrimPrefix(rest, "{")
	end := 0
	for end < len(name) && (name[end] == '_' || name[end] >= 'A' && name[end] <= 'Z' || name[end] >= 'a' && name[end] <= 'z' || end > 0 && name[end] >= '0' && name[end] <= '9') {
		end++
	}
	if end == 0 || braced && !strings.HasPrefix(name[end:], "}") {
		l.add("$")
		return
	}
	l.add("{{" + name[:end] + "}}")
	l.at += end
	if braced {
		l.at += 2
	}
}

// ansi is text in $'…' with backslash escapes as in C.
func (l *lexer) ansi() {
	l.add("")
	for l.at < len(l.text) {
		c := l.text[l.at]
		l.at++
		if c == '\'' {
			return
		}
		if c != '\\' || l.at >= len(l.text) {
			l.add(string(c))
			continue
		}
		l.cEscape()
	}
}

func (l *lexer) cEscape() {
	c := l.text[l.at]
	l.at++
	if at := strings.IndexByte("abefnrtv", c); at >= 0 {
		l.add(string("\a\b\x1b\f\n\r\t\v"[at]))
		return
	}
	digits, base := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c], 16
	if c >= '0' && c <= '7' {
		l.at--
		digits, base = 3, 8
	}
	end := l.at
	for end < len(l.text) && end < l.at+digits {
		if _, err := strconv.ParseUint(l.text[end:end+1], base, 8); err != nil {
			break
		}
		end++
	}
	if end == l.at {
		l.add(string(c))
		return
	}
	code, err := strconv.ParseUint(l.text[l.at:end], base, 32)
	if err == nil && code != 0 {
		l.add(string(rune(code)))
	}
	l.at = end
}
