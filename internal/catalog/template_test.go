package catalog_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestAValueIsEncodedForThePlaceItStandsIn(t *testing.T) {
	vars := map[string]string{
		"tenant": "a b/c?d", "host": "git.example:8443", "shop": "my-shop", "issuer": "http://127.0.0.1:8540/",
		"deep": "a/b", "q": "x&y=z #1", "plain": "me:secret", "word": "fünfzehn",
	}
	for template, want := range map[string]string{
		"https://x.example/{tenant}/token":         "https://x.example/a%20b%2Fc%3Fd/token",
		"https://x.example/{deep|raw}/token":       "https://x.example/a/b/token",
		"https://x.example/t?q={q}":                "https://x.example/t?q=x%26y%3Dz+%231",
		"https://{shop}.shop.example/":             "https://my-shop.shop.example/",
		"https://{host}/oauth":                     "https://git.example:8443/oauth",
		"https://{host}":                           "https://git.example:8443",
		"{issuer}":                                 "http://127.0.0.1:8540",
		"{issuer}/v1.0":                            "http://127.0.0.1:8540/v1.0",
		"{issuer|raw}/v1.0":                        "http://127.0.0.1:8540/v1.0",
		"https://x.example/?h={issuer|host}":       "https://x.example/?h=127.0.0.1",
		"https://x.example/?b={plain|base64}":      "https://x.example/?b=bWU6c2VjcmV0",
		"https://x.example/{word|prefix:2}":        "https://x.example/f%C3%BC",
		"https://x.example/{word|prefix:99}":       "https://x.example/f%C3%BCnfzehn",
		"https://x.example/a?n={shop}&m={shop}#no": "https://x.example/a?n=my-shop&m=my-shop#no",
	} {
		got, err := catalog.Expand(template, vars)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", template, got, err, want)
		}
	}
}

func TestAValueCannotMoveAnAddressElsewhere(t *testing.T) {
	for _, test := range []struct{ template, value string }{
		{"https://{v}.example.com/", "evil.example/"},
		{"https://{v}.example.com/", "user@evil"},
		{"https://{v}.example.com/", "evil?x="},
		{"https://{v}.example.com/", "evil#"},
		{"https://{v}.example.com/", "evil:80"},
		{"https://{v}.example.com/", `evil\`},
		{"https://{v}.example.com/", "evil%2f"},
		{"https://{v}.example.com/", "a..b"},
		{"https://{v}.example.com/", ".a"},
		{"https://{v}.example.com/", "a."},
		{"https://{v}.example.com/", ""},
		{"https://{v|raw}.example.com/", "evil.example/"},
		{"https://{v}/", "evil.example:80/x"},
		{"https://{v}/", "evil.example:port"},
		{"https://{v}/", "user@evil.example"},
		{"https://x.example:{v}/", "80@evil.example"},
		{"https://x.example/{v}/token", ".."},
		{"https://x.example/{v}/token", "."},
		{"https://x.example/{v}/token", ""},
		{"https://x.example/{v|raw}/token", "a/../../b"},
		{"https://x.example/{v|raw}/token", "a?b"},
		{"https://x.example/{v|raw}/token", "a#b"},
		{"{v}/v1", "ftp://x.example"},
		{"{v}/v1", "https://user:pw@x.example"},
		{"{v}/v1", "https://x.example?a"},
		{"{v}/v1", "//x.example"},
		{"{v}/v1", "text"},
		{"https://x.example/{v}", "a\r\nHost: evil"},
		{"https://x.example/{v|base64}", "a\nb"},
		{"https://x.example/{v|host}", "no address"},
		{"https://x.example/{v|upper}", "a"},
		{"{v}", "https://x.example\x00"},
		{"no address at all", ""},
	} {
		got, err := catalog.Expand(test.template, map[string]string{"v": test.value})
		if !fault.Is(err, api.CodeNeedsConfiguration) {
			t.Errorf("%s with %q: got %q, %v", test.template, test.value, got, err)
		}
	}
}

func TestAMissingVariableIsNamedWithTheFlagThatSetsIt(t *testing.T) {
	_, err := catalog.Expand("https://x.example/{tenant}", nil)
	if !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Fatalf("got %v", err)
	}
	f := fault.As(err)
	if !strings.Contains(f.Message, `"tenant"`) || !strings.Contains(f.Hint, "--var tenant=") {
		t.Errorf("got %q, hint %q", f.Message, f.Hint)
	}
}

func TestARefusalNeverShowsTheValue(t *testing.T) {
	_, err := catalog.Expand("https://{v}.example/", map[string]string{"v": "hunter2/"})
	if f := fault.As(err); strings.Contains(f.Message+f.Hint, "hunter2") {
		t.Errorf("got %q, %q", f.Message, f.Hint)
	}
}

func TestTextIsNotEncodedAndKeepsOtherBraces(t *testing.T) {
	got, err := catalog.ExpandText(`{"id": "{user}", "x": {}}`, map[string]string{"user": "a b/c"})
	if want := `{"id": "a b/c", "x": {}}`; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if _, err := catalog.ExpandText("{user}", map[string]string{"user": "a\r\nX: y"}); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("a line break passed: %v", err)
	}
	if _, err := catalog.ExpandText("{user}", nil); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("a missing variable passed: %v", err)
	}
}

func TestVariablesAreListedOnceInOrder(t *testing.T) {
	got := catalog.Variables("https://{b}.{a|raw}/{b}/{c|prefix:3}{}{9}")
	if want := []string{"b", "a", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzExpandKeepsHostAndPath(f *testing.F) {
	for _, seed := range []string{"a", "a/b", "..", "a@b", "a%2f", "a\\b", "\n", "é", "a:1", "[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := catalog.Expand("https://{v}.example.com/one/{v}/two?q={v}", map[string]string{"v": value})
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(u.Hostname(), ".example.com") || u.User != nil || u.Port() != "" || u.Fragment != "" {
			t.Errorf("%q moved the host: %s", value, got)
		}
		if len(strings.Split(u.EscapedPath(), "/")) != 4 || u.Query().Get("q") != value || len(u.Query()) != 1 {
			t.Errorf("%q moved the path or query: %s", value, got)
		}
	})
}
