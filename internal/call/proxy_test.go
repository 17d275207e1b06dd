package call

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestAConnectionsProxyStandsInTheSettingsInAFileOrInTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "proxy")
	if err := os.WriteFile(file, []byte("http://ann:pw@proxy.example:3128\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{
		"http://proxy.example:3128":  "http://proxy.example:3128",
		"file:" + file:               "http://ann:pw@proxy.example:3128",
		"env:VALETKEY_PROXY_CONTOSO": "socks5://proxy.example",
		"file:/nowhere":              "",
		"env:VALETKEY_PROXY_OTHER":   "",
		"env:HOME":                   "",
	} {
		way := &asking{roundTrip: func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
		}}
		target := limitedTo(api.RateLimitRules{})
		target.Proxy = setting
		engine := New(several{"mail": target}, way, Options{Open: openFake, ReadFile: os.ReadFile, Getenv: func(name string) string {
			return map[string]string{"VALETKEY_PROXY_CONTOSO": "socks5://proxy.example", "HOME": "http://secret"}[name]
		}})
		response, err := engine.Do(t.Context(), "mail", Request{Path: "/"})
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		switch {
		case want == "" && !fault.Is(err, api.CodeNeedsConfiguration):
			t.Errorf("%s: %v", setting, err)
		case want != "" && (err != nil || len(way.asked) != 1 || way.asked[0].Proxy != want):
			t.Errorf("%s: %v, %v", setting, way.asked, err)
		}
	}
}
