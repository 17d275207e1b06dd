package draft

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const maxName = 64 // bytes; the server takes twice as many, which leaves room for a number behind

// Name makes a title, file name or label into a name that the server takes:
// lower-case letters, digits, dots, dashes and underscores, beginning with a
// letter or digit. Of text that leaves nothing it makes the fallback.
func Name(text, fallback string) string {
	var out strings.Builder
	gap := false
	for _, r := range text {
		if out.Len() >= maxName {
			break
		}
		r = plain(unicode.ToLower(r))
		if r == 0 {
			gap = true
			continue
		}
		if gap && out.Len() > 0 {
			out.WriteByte('-')
		}
		gap = false
		if out.Len() > 0 || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			out.WriteRune(r)
		}
	}
	name := strings.TrimRight(out.String(), "-._")
	if name == "" {
		return fallback
	}
	return name
}

// plain is a letter as it stands in a name, without its accent, or 0 for what
// is left out.
func plain(r rune) rune {
	switch r {
	case 'á', 'à', 'â', 'ä', 'ã', 'å':
		return 'a'
	case 'ç', 'ć', 'č':
		return 'c'
	case 'é', 'è', 'ê', 'ë':
		return 'e'
	case 'í', 'ì', 'î', 'ï':
		return 'i'
	case 'ñ', 'ń', 'ň':
		return 'n'
	case 'ó', 'ò', 'ô', 'ö', 'õ', 'ø':
		return 'o'
	case 'ú', 'ù', 'û', 'ü', 'ů':
		return 'u'
	case '.', '_', '-':
		return r
	}
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
		return r
	}
	return 0
}

// Put stores a value under a name, or under name-2, name-3, … where that is
// taken, and returns the name it has now.
func Put[T any](into map[string]T, name string, value T) string {
	free := name
	if _, taken := into[name]; taken {
		free = name + "-" + strconv.Itoa(freeNumber(into, name))
	}
	into[free] = value
	return free
}

// freeNumber finds a number that is free behind a name. It doubles its steps
// and then halves them, as a long file may give one name to all its things.
func freeNumber[T any](into map[string]T, name string) int {
	taken := func(n int) bool {
		_, is := into[name+"-"+strconv.Itoa(n)]
		return is
	}
	low, high := 1, 2
	for taken(high) {
		low, high = high, high*2
	}
	for high-low > 1 {
		if mid := (low + high) / 2; taken(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// Stem is a file's name without its directories and its last ending.
func Stem(filename string) string {
	base := filename[strings.LastIndexAny(filename, `/\`)+1:]
	if dot := strings.LastIndexByte(base, '.'); dot > 0 {
		return base[:dot]
	}
	return base
}
