package resource_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/valetkey/valetkey/oauth/resource"
)

func TestRFC9728_3_TheWellKnownPathStandsBeforeTheResources(t *testing.T) {
	const known = "/.well-known/oauth-protected-resource"
	for id, want := range map[string]string{
		"https://api.example":         "[{https://api.example" + known + " https://api.example}]",
		"https://api.example/":        "[{https://api.example" + known + " https://api.example/}]",
		"https://api.example/mcp/%20": "[{https://api.example" + known + "/mcp/%20 https://api.example/mcp/%20} {https://api.example" + known + " https://api.example}]",
		"https://api.example/r?a=b":   "[{https://api.example" + known + "/r?a=b https://api.example/r?a=b} {https://api.example" + known + " https://api.example}]",
	} {
		got, err := resource.MetadataURLs(id)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v %v, want %s", id, got, err, want)
		}
	}
	for _, wrong := range []string{"http://api.example/", "api.example", "https://api.example/#x", "https://user@api.example/"} {
		if got, err := resource.MetadataURLs(wrong); err == nil {
			t.Errorf("%s: %v", wrong, got)
		}
	}
}

func TestRFC9728_3_3_a_MetadataOfAnotherResourceIsDiscarded(t *testing.T) {
	for said, fits := range map[string]bool{
		`{"resource":"https://api.example/mcp","unknown":{"x":1}}`: true,
		`{"resource":"https://api.example/mcp/"}`:                  false,
		`{"resource":"https://evil.example/mcp"}`:                  false,
		`{"resource":""}`: false,
		`{}`:              false,
		`[]`:              false,
		`{"resource":"https://api.example/mcp","authorization_servers":["http://as.example"]}`: false,
	} {
		if _, err := resource.Parse([]byte(said), "https://api.example/mcp"); (err == nil) != fits {
			t.Errorf("%s: %v", said, err)
		}
	}
	if _, err := resource.Parse([]byte(`{"resource":"https://api.example/"}`), "https://api.example"); err != nil {
		t.Errorf("a lone slash: %v", err)
	}
}

func TestRFC9728_5_1_AChallengeNamesTheMetadata(t *testing.T) {
	for line, want := range map[string]string{
		`Bearer resource_metadata="https://api.example/meta", error="invalid_token"`: "https://api.example/meta",
		`DPoP algs="ES256", resource_metadata="https://api.example/m"`:               "https://api.example/m",
		`Bearer resource_metadata="http://api.example/meta"`:                         "",
		`Bearer realm="x"`: "",
	} {
		if got := resource.FromChallenge(http.Header{"Www-Authenticate": {line}}); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"resource":"https://api.example"}`), "https://api.example")
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		if r, err := resource.Parse(body, id); err == nil && r.ID == "" {
			t.Fatal("a resource without a name")
		}
	})
}
