package call

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func located(base, path, query string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	found, err := locate(u, path, query)
	if err != nil {
		return "", err
	}
	return found.String(), nil
}

func TestP01_NoPathLeavesTheBasePath(t *testing.T) {
	for _, path := range []string{
		"..", "/..", "/../admin", "/a/../../admin", "/a/..", "a/..", "/%2e%2e/admin", "/%2E%2e/x", "/.%2e/x",
		"/..%2fadmin", "/a%2f..%2f..%2fx", "/%252e%252e/x", "/%25252e%25252e%25252fx", "/..%252fx",
		`/..\admin`, `/a\..\..\x`, "/..%5cadmin", "/a%5c..%5cx", "/%2e%2e%5cx",
		"/..;/admin", "/..;a=b/admin", "/%2e%2e;x/y", "/..%3b/x", "/.. /x", "/..%20/x", "/.../x", "/..%20./x",
		"/%c0%ae%c0%ae/x", "/..%c0%afx", "/%e0%80%ae%e0%80%ae/x",
		"//host/x", "//user@host/x", `/\host`, `\\host\x`, `/\/host`,
		"/a%00b", "/a%2500b", "/a\x00b", "/a%0d%0aHost:%20x", "/a\r\nX: y", "/%7f",
		"/%", "/%2", "/%zz", "/a#b", "/%2525252525252e",
	} {
		if got, err := located("https://api.example/v1", path, ""); !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%q gave %s, %v", path, got, err)
		}
	}
}

func TestP01_AcceptedPathsKeepTheirBytes(t *testing.T) {
	for path, want := range map[string]string{
		"":                       "https://api.example/v1",
		"/":                      "https://api.example/v1/",
		"items":                  "https://api.example/v1/items",
		"/items/":                "https://api.example/v1/items/",
		"/a//b":                  "https://api.example/v1/a//b",
		"/a%2Fb":                 "https://api.example/v1/a%2Fb",
		"/a%2fb":                 "https://api.example/v1/a%2fb",
		"/dom%5Cuser":            "https://api.example/v1/dom%5Cuser",
		"/a..b/main...topic":     "https://api.example/v1/a..b/main...topic",
		"/.hidden/x":             "https://api.example/v1/.hidden/x",
		"/Items(Id='a@b;c',x=1)": "https://api.example/v1/Items(Id='a@b;c',x=1)",
		"/@host:8080/x":          "https://api.example/v1/@host:8080/x",
		"/100%25":                "https://api.example/v1/100%25",
		"/a b/Zürich":            "https://api.example/v1/a%20b/Z%C3%BCrich",
		"/%C3%BC":                "https://api.example/v1/%C3%BC",
		"/https://x.example/y":   "https://api.example/v1/https://x.example/y",
		"/x?a=1&b=%20&a=2":       "https://api.example/v1/x?a=1&b=%20&a=2",
		"/x?$filter=n eq 'ü'":    "https://api.example/v1/x?$filter=n%20eq%20'%C3%BC'",
	} {
		if got, err := located("https://api.example/v1", path, ""); err != nil || got != want {
			t.Errorf("%q gave %s, %v; want %s", path, got, err, want)
		}
	}
}

func TestBasePathsAreJoinedWithOneSlash(t *testing.T) {
	for _, c := range [][3]string{
		{"https://api.example", "x", "https://api.example/x"},
		{"https://api.example/", "/x", "https://api.example/x"},
		{"https://api.example/", "", "https://api.example/"},
		{"https://api.example", "", "https://api.example/"},
		{"https://api.example/a%2Fb/", "/x", "https://api.example/a%2Fb/x"},
		{"https://api.example/v1?v=2", "/x?a=1", "https://api.example/v1/x?v=2&a=1"},
	} {
		if got, err := located(c[0], c[1], ""); err != nil || got != c[2] {
			t.Errorf("%s + %s gave %s, %v; want %s", c[0], c[1], got, err, c[2])
		}
	}
}

func TestP05_LinksUnderTheBaseURLAreFollowed(t *testing.T) {
	for link, want := range map[string]string{
		"https://api.example/v1/items?$skip=2":   "https://api.example/v1/items?$skip=2",
		"HTTPS://API.example:443/v1/items":       "https://api.example/v1/items",
		"https://api.example/v1":                 "https://api.example/v1",
		"https://api.example/v1?page=2":          "https://api.example/v1?page=2",
		"https://api.example/v1/a%2Fb?u=ftp://x": "https://api.example/v1/a%2Fb?u=ftp://x",
	} {
		if got, err := located("https://api.example/v1", link, ""); err != nil || got != want {
			t.Errorf("%s gave %s, %v", link, got, err)
		}
	}
}

func TestP05_LinksElsewhereGetNoToken(t *testing.T) {
	for _, link := range []string{
		"https://evil.example/v1/x", "http://api.example/v1/x", "https://api.example:8443/v1/x",
		"https://api.example@evil.example/v1/x", "https://user@api.example/v1/x", "https://api.example.evil.example/v1",
		"https://api.example/v2/x", "https://api.example/v10/x", "https://api.example/", "https://api.example",
		"https://api.example/v1/../v2", "https://api.example/v1%2f..%2fv2", "https://api.example/V1/x",
		`https://api.example\@evil.example/v1/x`, "ftp://api.example/v1/x", "https:///v1/x", "https://%61pi.example\x00/v1",
	} {
		if got, err := located("https://api.example/v1", link, ""); !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%s gave %s, %v", link, got, err)
		}
	}
}

func TestP02_TheHostComesFromTheConnectionOnly(t *testing.T) {
	r := newRig(t, "/v1", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen", r.Host+" "+r.RequestURI)
	})
	for _, path := range []string{"/@evil.example/", "/evil.example:80/", "/%2f%2fevil.example/", "/x?//evil.example"} {
		response, _ := r.do(t, Request{Path: path, Header: http.Header{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}}})
		want := strings.TrimPrefix(r.api.URL, "http://") + " /v1" + path
		if got := response.Header.Get("Seen"); got != want {
			t.Errorf("%s arrived as %s", path, got)
		}
	}
}

func FuzzLocateStaysUnderTheBase(f *testing.F) {
	for _, seed := range []string{"/a", "/..%2f", "//x", "https://api.example/v1/", `\`, "/%25%32%65", "/é?x y"} {
		f.Add(seed)
	}
	base, _ := url.Parse("https://api.example/v1")
	f.Fuzz(func(t *testing.T, path string) {
		found, err := locate(base, path, "")
		if err != nil {
			return
		}
		again, err := url.Parse(found.String())
		if err != nil || again.Host != "api.example" || again.User != nil {
			t.Fatalf("%q became %s", path, found)
		}
		clean := again.JoinPath("x").Path
		if !strings.HasPrefix(clean, "/v1/") {
			t.Fatalf("%q became %s", path, clean)
		}
	})
}
