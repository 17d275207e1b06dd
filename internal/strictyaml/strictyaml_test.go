package strictyaml_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"

	"github.com/valetkey/valetkey/api"
)

type inner struct {
	TokenEndpoint string `json:"token_endpoint"`
	Issuer        string `json:"issuer,omitempty"`
}

type span time.Duration

func (s *span) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("expected a time span such as 40s")
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no time span", text)
	}
	*s = span(parsed)
	return nil
}

type sample struct {
	Name string `json:"name"`
	inner
	Extra
	Scopes       []string          `json:"scopes,omitempty"`
	Variables    map[string]string `json:"variables,omitempty"`
	ClientSecret *string           `json:"client_secret,omitempty"`
	TokenLife    span              `json:"token_life,omitempty"`
	Skew         span              `json:"skew,omitempty"`
	Count        int               `json:"count,omitempty"`
	Small        uint8             `json:"small,omitempty"`
	Ratio        float64           `json:"ratio,omitempty"`
	On           bool              `json:"on,omitempty"`
	Any          any               `json:"any,omitempty"`
	Nested       map[string]Extra  `json:"nested,omitempty"`
	Hidden       string            `json:"-"`
}

type Extra struct {
	RefreshEndpoint string `json:"refresh_endpoint,omitempty"`
}

func decode(t *testing.T, text string) (sample, error) {
	t.Helper()
	var got sample
	err := strictyaml.Decode("file.yaml", []byte(text), &got)
	return got, err
}

func TestValuesAreReadByTheirJSONTags(t *testing.T) {
	got, err := decode(t, `
name: contoso
refresh_endpoint: https://a.example/refresh
scopes: [a, b]
variables:
  tenant: acme
client_secret: s3
skew: 1m
count: 3
small: 255
ratio: 2
on: true
any: {a: [1, x, null], b: 1.5}
nested:
  one: {refresh_endpoint: x}
`)
	if err != nil {
		t.Fatal(err)
	}
	secret := "s3"
	want := sample{
		Name: "contoso", Extra: Extra{"https://a.example/refresh"}, Scopes: []string{"a", "b"},
		Variables: map[string]string{"tenant": "acme"}, ClientSecret: &secret, Skew: span(time.Minute),
		Count: 3, Small: 255, Ratio: 2, On: true,
		Any:    map[string]any{"a": []any{uint64(1), "x", nil}, "b": 1.5},
		Nested: map[string]Extra{"one": {"x"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestJSONIsReadTheSameWay(t *testing.T) {
	got, err := decode(t, `{"name": "a\u00e9", "scopes": ["x"], "on": false, "count": -2}`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "aé" || got.Count != -2 || len(got.Scopes) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestEachMistakeIsNamedWithItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"near key":        {"name: a\nscopse: [a]", `file.yaml:2:1: unknown key "scopse"; did you mean scopes?`},
		"key not near":    {"nested: {a: {zzzzzzzzzzzzzz: 1}}", `file.yaml:1:14: unknown key "zzzzzzzzzzzzzz"; known are refresh_endpoint`},
		"hidden field":    {"Hidden: a", `file.yaml:1:1: unknown key "Hidden"`},
		"duplicate":       {"name: a\nname: b", `file.yaml:2:1: key "name" stands here a second time; the first is on line 1`},
		"number for text": {"name: 12", `file.yaml:1:7: expected text, found a number; put it in quotes`},
		"bool for text":   {"name: true", `expected text, found true or false; put it in quotes`},
		"text for list":   {"scopes: a b", `file.yaml:1:9: expected a list, found text; write it as [one, two]`},
		"text for number": {"count: many", `file.yaml:1:8: expected a whole number, found text`},
		"fraction":        {"count: 1.5", `expected a whole number, found a number`},
		"overflow":        {"small: 256", `out of range`},
		"negative":        {"small: -1", `out of range`},
		"list for map":    {"variables: [a]", `file.yaml:1:12: expected a map of keys and values, found a list`},
		"text for map":    {"variables: {a: [b]}", `file.yaml:1:16: expected text, found a list`},
		"text for bool":   {"on: yes", `expected true or false, found text`},
		"nothing":         {"name:", `expected text, found nothing`},
		"own type":        {"skew: soon", `file.yaml:1:7: "soon" is no time span`},
		"list on top":     {"- a", `expected a map of keys and values, found a list`},
		"two documents":   {"name: a\n---\nname: b", `a second document`},
		"broken":          {"name: [a\nb: c", `file.yaml:2:`},
		"unclosed quote":  {"name: \"a", `file.yaml:1:`},
		"tag":             {"name: !!str 1", `tags such as !!str are not supported`},
		"missing anchor":  {"name: *a", `alias *a has no anchor &a before it`},
		"alias to itself": {"any: &a [*a]", `alias *a has no anchor &a before it`},
		"merge of text":   {"<<: text", `expected the alias of a map after <<, found text`},
		"key is a list":   {"? [a]\n: b", `a key must be plain text`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(t, test.text)
			if !fault.Is(err, api.CodeInvalid) {
				t.Fatalf("no fault: %v", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %s\nwant %s", err, test.want)
			}
		})
	}
}

func TestAllMistakesAreListedInTheOrderOfTheirLines(t *testing.T) {
	_, err := decode(t, "nmae: a\ncount: x\nvariables: {a: 1, a: b}\non: 3\n")
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 5 {
		t.Fatalf("want 5 lines, got:\n%s", err)
	}
	for i, prefix := range []string{"file.yaml:1:", "file.yaml:2:", "file.yaml:3:16", "file.yaml:3:19", "file.yaml:4:"} {
		if !strings.HasPrefix(lines[i], prefix) {
			t.Errorf("line %d: got %q, want it to begin with %q", i, lines[i], prefix)
		}
	}
}

func TestAtMostTwentyMistakesAreShown(t *testing.T) {
	var text strings.Builder
	for i := range 30 {
		fmt.Fprintf(&text, "unknown%d: 1\n", i)
	}
	_, err := decode(t, text.String())
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 21 || lines[20] != "and 10 more" {
		t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestNoSecretStandsInAMessage(t *testing.T) {
	for name, text := range map[string]string{
		"wrong kind":      "client_secret: [hunter2]",
		"number":          "client_secret: 4411882299",
		"own type":        "token_life: hunter2",
		"broken":          "client_secret: \"hunter2\nname: [",
		"broken behind":   "name: a\n  client_secret: hunter2\n bad",
		"tab":             "name: a\n\tclient_secret: hunter2",
		"unknown key":     "clientsecret: hunter2",
		"duplicate":       "client_secret: hunter2\nclient_secret: hunter2",
		"second document": "name: a\n---\nclient_secret: hunter2",
		"tag":             "client_secret: !!str hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(t, text)
			if err == nil {
				t.Fatal("want an error")
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "4411882299") {
				t.Errorf("the message shows the secret: %s", err)
			}
		})
	}
}

func TestAnchorsAliasesAndMergeKeysWork(t *testing.T) {
	got, err := decode(t, `
name: &n contoso
refresh_endpoint: *n
nested:
  one: &base {refresh_endpoint: a}
  two: *base
  three:
    <<: *base
    refresh_endpoint: b
  four: {<<: [*base]}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Extra{"one": {"a"}, "two": {"a"}, "three": {"b"}, "four": {"a"}}
	if got.RefreshEndpoint != "contoso" || !reflect.DeepEqual(got.Nested, want) {
		t.Errorf("got %+v", got)
	}
}

func TestDocumentsMadeToExhaustUsAreRefusedQuickly(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("any:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&laughs, "  a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	var merges strings.Builder
	merges.WriteString("any:\n  m0: &m0 {a: 1}\n")
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&merges, "  m%d: &m%d\n    <<: [*m%d, *m%d]\n", i, i, i-1, i-1)
	}
	deep := ""
	for i := range 2000 {
		deep += strings.Repeat(" ", i) + "a:\n"
	}
	for name, text := range map[string]string{
		"laughs":   laughs.String(),
		"merges":   merges.String(),
		"brackets": "any: " + strings.Repeat("[", 200_000),
		"braces":   "any: " + strings.Repeat("{a: ", 100_000),
		"dashes":   strings.Repeat("- ", 100_000),
		"tags":     strings.Repeat("!a ", 10_000),
		"anchors":  strings.Repeat("&a ", 10_000),
		"indents":  deep,
		"size":     strings.Repeat(" ", 64<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := decode(t, text); !fault.Is(err, api.CodeInvalid) {
				t.Errorf("not refused: %v", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestAnEmptyDocumentChangesNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "# only words\n", "---\n"} {
		got := sample{Name: "before"}
		if err := strictyaml.Decode("f", []byte(text), &got); err != nil || got.Name != "before" {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

func TestDecodeNeedsAPointer(t *testing.T) {
	if err := strictyaml.Decode("f", []byte("a: b"), sample{}); !fault.Is(err, api.CodeInternal) {
		t.Errorf("got %v", err)
	}
}

func TestAPlaceIsFoundByItsPath(t *testing.T) {
	doc, err := strictyaml.Parse("f.yaml", []byte("clients:\n  a:\n    scopes:\n      - x\n      - y\nb: {c: 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"clients":            "f.yaml:1:1",
		"clients.a":          "f.yaml:2:3",
		"clients.a.scopes":   "f.yaml:3:5",
		"clients.a.scopes.1": "f.yaml:5:9",
		"clients.a.missing":  "f.yaml:2:3",
		"b.c":                "f.yaml:6:5",
		"missing":            "f.yaml:1:1",
	} {
		if got := doc.Place(strings.Split(path, ".")...).String(); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestAPartOfADocumentIsReadByItself(t *testing.T) {
	doc, err := strictyaml.Parse("m.yaml", []byte("else: 1\nparts:\n  a: {label: A}\n  b: {lable: B}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var parts map[string]struct {
		Label string `json:"label"`
	}
	err = doc.Below("parts").Decode(&parts)
	if err == nil || !strings.Contains(err.Error(), "m.yaml:4:7") || !strings.Contains(err.Error(), "did you mean label?") {
		t.Errorf("the mistake is told as %v", err)
	}
	if parts["a"].Label != "A" {
		t.Errorf("read %v", parts)
	}
	if err := doc.Below("nothing").Decode(&parts); err != nil {
		t.Errorf("an absent part: %v", err)
	}
}
