package strictyaml_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/strictyaml"
)

func TestTextThatLooksLikeSomethingElseIsQuoted(t *testing.T) {
	words := []string{
		"1", "1.0", "0x1f", "1e5", "true", "yes", "no", "on", "null", "~", "", " a ", "a: b", "# a", "- a", "@a",
		"{a}", "[a]", "{tenant}", "a\nb", "a\tb", "*a", "&a", "!a", "%a", "`a", "'", `"`, `\`, "é", "2026-01-02", "<<", "=",
		".inf", "-.nan", "1_000", "0o17", "012", "\u2028", "a\r\nb", "trailing\n", "|", ">", "?", ":", "a:", "\x00", "\x7f",
	}
	for _, word := range words {
		in := map[string]any{"word": word, word + "k": []string{word}}
		text, err := strictyaml.Encode(in)
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
		var whole map[string]any
		if err := strictyaml.Decode("f", text, &whole); err != nil {
			t.Errorf("%q: %v in\n%s", word, err, text)
			continue
		}
		want := map[string]any{"word": word, word + "k": []any{word}}
		if !reflect.DeepEqual(whole, want) {
			t.Errorf("%q: got %#v, want %#v from\n%s", word, whole, want, text)
		}
	}
}

func TestStructKeysKeepTheirOrderAndEmptyOnesGo(t *testing.T) {
	text, err := strictyaml.Encode(sample{Name: "a", Extra: Extra{"r"}, Scopes: []string{"x", "y"}, Count: 5})
	if err != nil {
		t.Fatal(err)
	}
	want := "name: a\ntoken_endpoint: \"\"\nrefresh_endpoint: r\nscopes:\n  - x\n  - \"y\"\ncount: 5\n"
	if got := strings.Replace(string(text), "token_life: 0\nskew: 0\n", "", 1); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	if _, err := strictyaml.Encode(map[string]any{"f": func() {}}); err == nil {
		t.Error("want an error")
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"name: a\nscopes: [a]", "{\"name\": 1}", "a: &a [*a]", "<<: *a", "name: |\n  x\n", "- - a", "? a\n: b", "!!str x", "--- a\n--- b", "a: 'x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got sample
		if err := strictyaml.Decode("f", data, &got); err != nil {
			return
		}
		got.Any = nil
		text, err := strictyaml.Encode(got)
		if err != nil {
			return
		}
		var again sample
		// The time spans here have no way back to text.
		text = []byte(strings.NewReplacer("\ntoken_life: 0", "", "\nskew: 0", "").Replace(string(text)))
		if got.Skew != 0 || got.TokenLife != 0 {
			return
		}
		if err := strictyaml.Decode("f", text, &again); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if again.Name != got.Name || !reflect.DeepEqual(again.Variables, got.Variables) && len(got.Variables) > 0 {
			t.Fatalf("got %+v, want %+v from\n%s", again, got, text)
		}
	})
}
