package console

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestATableCellStaysOnItsLine(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, "table", nil, func(w io.Writer) { Row(w, "a\nb", "c\x1b[1m", "") }); err != nil {
		t.Fatal(err)
	}
	if out.String() != "a b  c [1m\n" {
		t.Errorf("%q", out.String())
	}
}

func TestYAMLHasTheNamesOfJSON(t *testing.T) {
	var out bytes.Buffer
	if err := WriteYAML(&out, api.Client{Name: "a", ClientID: "007", Provider: "<p>"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"client_id: \"007\"", `provider: "<p>"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

func TestAFieldWithoutAValueIsLeftOut(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, "table", nil, func(w io.Writer) { Field(w, "cause", ""); Field(w, "account", "maria") }); err != nil {
		t.Fatal(err)
	}
	if out.String() != "account  maria\n" {
		t.Errorf("%q", out.String())
	}
}

func TestJSONIsWrittenForPeople(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, "json", map[string]string{"url": "https://a/?b&c"}, nil); err != nil {
		t.Fatal(err)
	}
	if out.String() != "{\n  \"url\": \"https://a/?b&c\"\n}\n" {
		t.Errorf("%q", out.String())
	}
}
