package answer

import (
	"strings"
	"testing"
)

func TestAPointerFindsAScalarInTheBeginningOfADocument(t *testing.T) {
	for _, c := range []struct {
		document, pointer, value string
		found                    bool
	}{
		{`{"error":"x"}`, "error", "x", true},
		{`{"error":"x"}`, "/error", "x", true},
		{`{"a":{"error":"deep"},"error":"x"}`, "/error", "x", true},
		{`{"a":[{"b":[1,2]},{"c":"y"}]}`, "/a/1/c", "y", true},
		{`{"a/b":{"m~n":3.0}}`, "/a~1b/m~0n", "3.0", true},
		{`{"ok":false}`, "ok", "false", true},
		{`{"n":12345678901234567890}`, "n", "12345678901234567890", true},
		{`{"a":{}}`, "a", "", true},
		{`{"a":null}`, "a", "", false},
		{`[1,2]`, "/2", "", false},
		{`[1,2]`, "/-1", "", false},
		{`[1,2]`, "/x", "", false},
		{`{"a":"b"}`, "/a/b", "", false},
		{`{"error":"x","rest":[1,2`, "error", "x", true},
		{`{"rest":[1,2`, "error", "", false},
		{`{"error":"half`, "error", "", false},
		{`<html>`, "error", "", false},
		{``, "error", "", false},
		{`{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `,"error":"x"}`, "error", "x", true},
	} {
		if value, found := lookupJSON([]byte(c.document), c.pointer); value != c.value || found != c.found {
			t.Errorf("%.40s %s: %q %v", c.document, c.pointer, value, found)
		}
	}
}

func FuzzAPointerNeverPanics(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":1}]}`), "/a/0/b")
	f.Add([]byte(`[[]`), "0/0")
	f.Fuzz(func(_ *testing.T, document []byte, pointer string) { lookupJSON(document, pointer) })
}
