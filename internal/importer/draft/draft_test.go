package draft_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

func TestANameIsMadeOfATitle(t *testing.T) {
	for title, want := range map[string]string{
		"Contoso API":              "contoso-api",
		"  Café & Übersicht (v2) ": "cafe-ubersicht-v2",
		"日本語":                      "fallback",
		"--x--":                    "x",
		"a.b_c-d":                  "a.b_c-d",
		"":                         "fallback",
		strings.Repeat("ab ", 100): strings.TrimSuffix(strings.Repeat("ab-", 22), "b-")[:64],
	} {
		if got := draft.Name(title, "fallback"); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}

func TestATakenNameGetsANumber(t *testing.T) {
	names := map[string]int{}
	for i, want := range []string{"a", "a-2", "a-3"} {
		if got := draft.Put(names, "a", i); got != want || names[want] != i {
			t.Errorf("%d: %s", i, got)
		}
	}
}

func TestEqualNotesAreCounted(t *testing.T) {
	d := draft.New()
	for _, where := range []string{"a", "b", "c"} {
		d.Add(draft.Note{Where: where, What: "what\n\x1b[31m", Why: "why", Do: "do"})
	}
	if len(d.Notes) != 1 || d.Notes[0].String() != "a (and 2 more): what  [31m: why; do" {
		t.Fatalf("%q", d.Notes)
	}
}

func TestNotesBeyondTheLimitAreCounted(t *testing.T) {
	d := draft.New()
	for i := range 1500 {
		d.Add(draft.Note{Where: "a", What: strings.Repeat("x", i%1200) + strings.Repeat("y", i)})
		d.Add(draft.Note{Where: "a", What: "w" + string(rune('a'+i%26)) + string(rune(0x4e00+i))})
	}
	last := d.Notes[len(d.Notes)-1]
	if len(d.Notes) != 1001 || last.More < 500 || last.What != "further notes" {
		t.Fatalf("%d notes, the last: %s", len(d.Notes), last)
	}
}

func TestAParsedFileIsWalkedWithItsPlaces(t *testing.T) {
	for _, f := range []draft.File{
		{Name: "a.json", Data: []byte(`{"list":[{"key":"text","n":1.50,"yes":true}],"nothing":null}`)},
		{Name: "a.json", Data: []byte("\ufeff" + `{"list":[{"key":"text","n":1.50,"yes":true}],"nothing":null}`)},
		{Name: "a.json", Data: []byte("list:\n- key: text\n  n: \"1.50\"\n  yes: true\nnothing:\n")},
		{Name: "a.json", Data: []byte("{list: [{key: text, n: '1.50', yes: true}]}")},
	} {
		d := draft.New()
		root, err := d.Parse(f)
		if err != nil {
			t.Errorf("%s: %v", f.Data, err)
			continue
		}
		item := root.Get("list").Items()[0]
		if got := item.Get("key"); got.Text() != "text" || got.Where() != "a.json: list[0].key" {
			t.Errorf("%s: %q at %q", f.Data, got.Text(), got.Where())
		}
		if item.Get("n").Text() != "1.50" || !item.Get("yes").Bool() || root.Get("nothing").Exists() || root.At("list", "no", "such").Exists() {
			t.Errorf("%s: %v", f.Data, root.Raw())
		}
	}
}

func TestAKeyThatStandsTwiceIsNoted(t *testing.T) {
	d := draft.New()
	root, err := d.Parse(draft.File{Name: "a.json", Data: []byte(`{"a":{"b":1,"b":2}}`)})
	if err != nil || root.At("a", "b").Text() != "2" || len(d.Notes) != 1 || d.Notes[0].Where != "a.json: a.b" {
		t.Fatalf("%v %v %v", root.Raw(), d.Notes, err)
	}
}

func TestWhatCannotBeReadIsRefusedWithoutQuoting(t *testing.T) {
	for name, data := range map[string]string{
		"nothing":         "",
		"broken JSON":     `{"client_secret":"hunter2",`,
		"deep JSON":       strings.Repeat(`{"hunter2":`, 300) + "1" + strings.Repeat("}", 300),
		"very deep JSON":  strings.Repeat(`[`, 1<<20),
		"deep YAML":       strings.Repeat("- ", 300) + "hunter2",
		"bytes":           "\xff\xfehunter2",
		"too large":       strings.Repeat(" ", draft.MaxSize+1),
		"a very wide map": strings.Repeat("hunter2:\n", 100_000),
		"many questions":  strings.Repeat("? hunter2\n", 100_000),
		"many anchors":    strings.Repeat("&hunter2 ", 4_000_000),
		"many items":      strings.Repeat("- a\n", 4_000_000),
		"two JSON values": `{"a":"hunter2"} {"b":1}`,
	} {
		d := draft.New()
		_, err := d.Parse(draft.File{Name: "in.json", Data: []byte(data)})
		found := fault.As(err)
		if err == nil || found.Code != api.CodeInvalid || strings.Contains(found.Message+found.Hint, "hunter2") || len(d.Notes) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlaceholdersOfOthersBecomeOurs(t *testing.T) {
	ours := func(name string) string { return "{" + draft.VariableName(name) + "}" }
	if got := draft.Placeholders("https://{{ sub-domain }}.x/{{2nd}}", draft.DoubleBraces, ours); got != "https://{sub_domain}.x/{v2nd}" {
		t.Error(got)
	}
	if got := draft.Placeholders("/a/{some.id}/b{x}", draft.SingleBraces, ours); got != "/a/{some_id}/b{x}" {
		t.Error(got)
	}
}

func TestAnAddressBecomesABaseURL(t *testing.T) {
	for address, want := range map[string]string{
		"https://api.contoso.example/v1/?x=1#y": "https://api.contoso.example/v1",
		"https://{region}.contoso.example":      "https://{region}.contoso.example",
		"{base}/v1":                             "{base}/v1",
		"http://localhost:8080/":                "http://localhost:8080",
		"":                                      "",
		"/v1":                                   "",
		"ftp://contoso.example":                 "",
		"https://user:pw@contoso.example":       "",
		"https://{not a name}.example":          "",
		"{":                                     "",
	} {
		got, wrong := draft.BaseURL(address)
		if got != want || (wrong == "") != (want != "") || strings.Contains(wrong, "pw") {
			t.Errorf("%q: %q, %q", address, got, wrong)
		}
	}
}

func TestJoinedDraftsKeepWhatRefersToWhat(t *testing.T) {
	d := draft.New()
	for range 2 {
		other := draft.New()
		other.Providers["p"] = api.Provider{}
		other.Clients["c"] = api.ClientSpec{Provider: "p"}
		other.Connections["n"] = api.ConnectionSpec{Client: "c"}
		other.Tokens["n"] = api.TokenImport{AccessToken: "at"}
		other.Add(draft.Note{Where: "x", What: "y"})
		d.Join(other)
	}
	if d.Clients["c-2"].Provider != "p-2" || d.Connections["n-2"].Client != "c-2" || d.Tokens["n-2"].AccessToken != "at" || d.Notes[0].More != 1 {
		t.Fatalf("%+v", d)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":null}]}`, "a: &x [1, *x]\n", "{a: {b: [c]}}", "- - - a", "a: |\n  b\n", `{"a":1,"a":2}`, "? a\n: b", "<<: {a: 1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := draft.New()
		root, err := d.Parse(draft.File{Name: "f", Data: data})
		if err != nil {
			if !fault.Is(err, api.CodeInvalid) {
				t.Fatalf("%v", err)
			}
			return
		}
		walk(root)
	})
}

// walk asks everything of every node.
func walk(v draft.Value) {
	_, _, _, _ = v.Where(), v.Text(), v.Texts(), v.Bool()
	for _, key := range v.Keys() {
		walk(v.Get(key))
	}
	for _, item := range v.Items() {
		walk(item)
	}
}
