package oauth

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"
)

// seed is an answer of a token endpoint that does not go by the book.
type seed struct {
	fault          string // its number in the list of faults
	status         int
	body, encoding string
	kept           bool // a token comes of it all the same
}

// malformed holds the answers that token endpoints are known to give, by the
// fault they are. What is about time or headers (T-13, T-14) is tested over a
// socket instead.
func malformed() []seed {
	token := func(members string) string { return `{"access_token":"a","token_type":"Bearer"` + members + `}` }
	all := []seed{
		{"T-03", 200, token(``), "", true},
		{"T-04", 200, token(`,"expires_in":0`), "", true},
		{"T-04", 200, token(`,"expires_in":-3600`), "", true},
		{"T-07", 200, token(`,"expires_in":10000000000000`), "", true},
		{"T-07", 200, token(`,"expires_in":1e400`), "", true},
		{"T-08", 200, token(`,"expires_on":"1795266000"`), "", true},
		{"T-08", 200, token(`,"expires_at":"2026-11-21T10:00:00Z"`), "", true},
		{"T-09", 200, "access_token=a&token_type=bearer&expires_in=3600", "", true},
		{"T-10", 200, "\xef\xbb\xbf" + token(``) + " \r\n\t", "", true},
		{"T-10", 200, token(`,"scope":"x","scope":"x"`), "", true},
		{"T-10", 200, token(`,"access_token":"b"`), "", false},
		{"T-11", 200, "\xff\xfe{\x00\"\x00}\x00", "", false},
		{"T-11", 200, token(``), "gzip", true}, // said to be packed, and is not
		{"T-11", 200, "\x1f\x8b\x08\x00not gzip at all", "gzip", false},
		{"T-11", 200, `{"tokens":[{"value":"a"}]}`, "", false},
		{"T-11", 200, `["a"]`, "", false},
		{"T-11", 200, `null`, "", false},
		{"T-11", 200, token(``)[:30], "", false},
		{"T-12", 200, bomb(), "gzip", false},
		{"T-12", 200, strings.Repeat("[", 100_000), "", false},
		{"T-15", 200, `{"access_token":"` + strings.Repeat("a", 16<<10) + `","token_type":"Bearer"}`, "", true},
		{"T-16", 200, `{"access_token":"a\r\nX-Evil: 1","token_type":"Bearer"}`, "", false},
		{"T-16", 200, `{"access_token":"ä","token_type":"Bearer"}`, "", false},
		{"T-17", 200, "<!doctype html><title>Sign in to the network</title>", "", false},
		{"T-17", 500, "<html>oops</html>", "", false},
		{"T-17", 502, "<html>Bad Gateway</html>", "", false},
		{"T-18", 301, "", "", false},
		{"T-18", 307, "", "", false},
		{"T-18", 308, "", "", false},
		{"T-19", 200, `{"access_token":"a"}`, "", true},
		{"T-19", 200, `{"access_token":"a","token_type":"BEARER"}`, "", true},
		{"T-19", 200, `{"access_token":"a","token_type":"mac"}`, "", false},
	}
	for _, life := range []string{`"3600"`, `3600.0`, `1e3`, `" 3600 "`} {
		all = append(all, seed{"T-05", 200, token(`,"expires_in":` + life), "", true})
	}
	for _, life := range []string{`"abc"`, `true`, `[]`, `{}`, `null`, `""`} {
		all = append(all, seed{"T-06", 200, token(`,"expires_in":` + life), "", true})
	}
	return all
}

// bomb is 4 MiB in a few kilobytes.
func bomb() string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 4 {
		_, _ = w.Write(block)
	}
	_ = w.Close()
	return packed.String()
}

func TestEveryMalformedAnswerIsTakenOrRefusedAsItsFaultSays(t *testing.T) {
	var numbers []string
	for _, seed := range malformed() {
		numbers = append(numbers, seed.fault)
		var header []string
		if seed.encoding != "" {
			header = []string{"Content-Encoding", seed.encoding}
		}
		token, err := ReadTokenResponse(answer(seed.status, seed.body, header...), received(), ResponseRules{})
		if (err == nil) != seed.kept || seed.kept && token.AccessToken == "" {
			t.Errorf("%s: status %d, body %.60q: %v", seed.fault, seed.status, seed.body, err)
		}
	}
	for _, want := range strings.Fields("T-03 T-04 T-05 T-06 T-07 T-08 T-09 T-10 T-11 T-12 T-15 T-16 T-17 T-18 T-19") {
		if !slices.Contains(numbers, want) {
			t.Errorf("no seed for %s", want)
		}
	}
}
