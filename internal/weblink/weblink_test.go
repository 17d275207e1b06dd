package weblink_test

import (
	"net/http"
	"testing"

	"github.com/valetkey/valetkey/internal/weblink"
)

func TestTheNextPageIsFoundAmongTheLinks(t *testing.T) {
	tests := map[string]struct {
		lines []string
		want  string
	}{
		"none at all":               {nil, ""},
		"one":                       {[]string{`<https://api.example/items?page=2>; rel="next"`}, "https://api.example/items?page=2"},
		"relative":                  {[]string{`</items?page=2>; rel=next`}, "/items?page=2"},
		"after others":              {[]string{`</1>; rel="first", </9>; rel="last", </2>; rel="next"`}, "/2"},
		"in a second line":          {[]string{`</9>; rel="last"`, `</2>; rel="next"`}, "/2"},
		"among other relations":     {[]string{`</2>; rel="chapter next"`}, "/2"},
		"in capitals":               {[]string{`</2>; REL="NEXT"`}, "/2"},
		"with commas in the target": {[]string{`</items?ids=1,2,3>; rel="next"`}, "/items?ids=1,2,3"},
		"with other parameters":     {[]string{`</2>; title="more; of it"; rel="next"`}, "/2"},
		"only a word that holds it": {[]string{`</2>; rel="nextish"`}, ""},
		"never closed":              {[]string{`</2; rel="next"`}, ""},
		"without a target":          {[]string{`rel="next"`}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			for _, line := range test.lines {
				header.Add("Link", line)
			}
			if got := weblink.Next(header); got != test.want {
				t.Errorf("Next(%q) = %q, want %q", test.lines, got, test.want)
			}
		})
	}
}

func FuzzNext(f *testing.F) {
	f.Add(`</2>; rel="next"`)
	f.Add(`<<>>;;rel=,,<`)
	f.Fuzz(func(t *testing.T, line string) {
		if got := weblink.Next(http.Header{"Link": {line}}); len(got) > len(line) {
			t.Errorf("Next(%q) = %q, which the line does not hold", line, got)
		}
	})
}
