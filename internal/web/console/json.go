package console

import "strings"

// token is a piece of text with what it is: key, text, number, word, or nothing.
type token struct{ Kind, Text string }

// tokens takes indented JSON, which is known to be valid, apart for colouring.
func tokens(text string) []token {
	var found []token
	add := func(kind, text string) {
		if n := len(found); n > 0 && found[n-1].Kind == kind {
			found[n-1].Text += text
			return
		}
		found = append(found, token{kind, text})
	}
	for len(text) > 0 {
		n, kind := 1, ""
		switch c := text[0]; {
		case c == '"':
			n = stringEnd(text)
			if kind = "text"; strings.HasPrefix(text[n:], ":") {
				kind = "key"
			}
		case c == '-' || c >= '0' && c <= '9':
			n, kind = run(text, "0123456789+-.eE"), "number"
		case c >= 'a' && c <= 'z':
			n, kind = run(text, "abcdefghijklmnopqrstuvwxyz"), "word"
		default:
			for n < len(text) && !strings.ContainsRune(`"-0123456789abcdefghijklmnopqrstuvwxyz`, rune(text[n])) {
				n++
			}
		}
		add(kind, text[:n])
		text = text[n:]
	}
	return found
}

// stringEnd is the length of the string that a text begins with.
func stringEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// run is how much of a text is made of the letters.
func run(text, letters string) int {
	n := 0
	for n < len(text) && strings.IndexByte(letters, text[n]) >= 0 {
		n++
	}
	return n
}

// shell quotes a word for a POSIX shell.
func shell(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
