package strictyaml_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// wide is a manifest's worth of entries.
type wide struct {
	Connections map[string]struct {
		Client string   `json:"client"`
		Scopes []string `json:"scopes"`
	} `json:"connections"`
}

// entries makes what a map with n entries is in block style.
func entries(n int) []byte {
	var out bytes.Buffer
	out.WriteString("connections:\n")
	for i := range n {
		fmt.Fprintf(&out, "  # the %d. of them\n  c%d:\n    client: app\n    scopes: [a, b]\n", i, i)
	}
	return out.Bytes()
}

// minifiedEntries are those of [entries] as JSON on one line.
func minifiedEntries(t *testing.T, n int) []byte {
	t.Helper()
	document := map[string]map[string]any{"connections": {}}
	for i := range n {
		document["connections"][fmt.Sprintf("c%d", i)] = map[string]any{"client": "app", "scopes": []string{"a", "b"}}
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWideDocumentsAreReadInTimeThatGrowsWithTheirSize(t *testing.T) {
	n := 20_000
	if scale > 1 {
		n /= 2 // what was quadratic still took longer than is allowed
	}
	minified := minifiedEntries(t, n)
	for name, text := range map[string][]byte{
		"block style": entries(n),
		"minified":    minified,
		// Flow style that is no JSON goes the way of YAML.
		"on one line": bytes.Replace(minified, []byte(`"client":`), []byte(`client: `), 1),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			var got wide
			if err := strictyaml.Decode("w.yaml", text, &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Connections) != n || got.Connections["c7"].Scopes[1] != "b" {
				t.Errorf("%d entries were read", len(got.Connections))
			}
			// What was quadratic took minutes; race detector and busy machines take their part.
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestPlacesInWideDocumentsAreFoundAtOnce(t *testing.T) {
	const n = 20_000
	doc, err := strictyaml.Parse("w.yaml", entries(n))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for i := range n {
		if got, want := doc.Place("connections", fmt.Sprintf("c%d", i)).Line, 3+4*i; got != want {
			t.Fatalf("entry %d is on line %d, not %d", i, got, want)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestHostileWidthIsReadOrRefusedAndNeverEndsTheProcess(t *testing.T) {
	for name, text := range map[string]string{
		"a million keys":            strings.Repeat("k: v\n", 1_000_000/scale),
		"a million keys, JSON":      `{"any":{` + strings.TrimSuffix(strings.Repeat(`"k":1,`, 1_000_000/scale), ",") + `}}`,
		"a million items":           "any: [" + strings.Repeat("a,", 1_000_000/scale) + "]",
		"a million explicit keys":   strings.Repeat("? k\n: v\n", 300_000/scale),
		"brackets, JSON":            strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"more brackets, JSON":       strings.Repeat("[", 2_000_000) + strings.Repeat("]", 2_000_000),
		"braces, JSON":              strings.Repeat(`{"a":`, 5_000) + "1" + strings.Repeat("}", 5_000),
		"dashes line by line":       strings.Repeat("-\n", 500_000/scale),
		"comments":                  strings.Repeat("# c\n", 500_000/scale) + "a: [",
		"quotes":                    `any: "` + strings.Repeat(`\"`, 500_000/scale),
		"documents":                 strings.Repeat("---\na: b\n", 100_000/scale),
		"one name with all letters": strings.Repeat("a", 5_000_000/scale) + ": b",
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			var got sample
			err := strictyaml.Decode("h.yaml", []byte(text), &got)
			if !fault.Is(err, api.CodeInvalid) && name != "a million items" {
				t.Errorf("not refused: %v", err)
			}
			if err != nil && len(err.Error()) > 8<<10 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestJSONThatIsNoYAMLIsRead(t *testing.T) {
	got, err := decode(t, "\ufeff\n{\t\"name\": \"\\ud83d\\ude00\",\r\n\t\"count\": 12, \"ratio\": 1e3, \"on\": true, \"any\": {\"n\": null, \"big\": 1e400}}")
	if err == nil || !strings.Contains(err.Error(), "file.yaml:3:") {
		t.Errorf("a number that is none: %v", err)
	}
	if got.Name != "😀" || got.Count != 12 || got.Ratio != 1000 || !got.On {
		t.Errorf("got %+v", got)
	}
}

func TestMistakesInJSONAreNamedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		`{"name": "a", "scopse": []}`:            `file.yaml:1:15: unknown key "scopse"; did you mean scopes?`,
		"{\n  \"é\": 1, \"nmae\": \"a\"}":        `file.yaml:2:11: unknown key "nmae"; did you mean name?`,
		"\n\n  {\"count\": \"x\"}":               `file.yaml:3:13: expected a whole number, found text`,
		`{"name": "a", "name": "b"}`:             `file.yaml:1:15: key "name" stands here a second time; the first is on line 1`,
		`{"name": "a",, "count": 1}`:             `file.yaml:1:14: `,
		`{"name": "a"} {"name": "b"}`:            `file.yaml:1:`,
		`{"variables": {"a": "x", "b": [1, 2]}}`: `file.yaml:1:31: expected text, found a list`,
	} {
		_, err := decode(t, text)
		if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}
