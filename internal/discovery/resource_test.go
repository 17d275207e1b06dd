package discovery_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/fault"
)

// resourceServer serves documents by path, %s in them being its address; all
// else is refused with a challenge, if there is one.
func resourceServer(t *testing.T, challenge string, documents map[string]string) (address string, servers *discovery.Servers) {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if document, ok := documents[r.URL.Path]; ok {
			_, _ = fmt.Fprint(w, strings.ReplaceAll(document, "%s", server.URL))
			return
		}
		if strings.HasPrefix(r.URL.Path, "/.well-known/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if challenge != "" {
			w.Header().Set("WWW-Authenticate", strings.ReplaceAll(challenge, "%s", server.URL))
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	return server.URL, discovery.New(server.Client(), time.Now)
}

func TestMCP_1_AResourceIsFoundByHeaderThenByPathThenByRoot(t *testing.T) {
	const known = "/.well-known/oauth-protected-resource"
	for name, test := range map[string]struct {
		challenge string
		documents map[string]string
	}{
		"header": {`Bearer resource_metadata="%s/meta"`, map[string]string{
			"/meta":        `{"resource":"%s/mcp","authorization_servers":["https://as.example"]}`,
			known + "/mcp": `{"resource":"%s/mcp","authorization_servers":["https://other.example"]}`,
		}},
		"path": {"", map[string]string{
			known + "/mcp": `{"resource":"%s/mcp","authorization_servers":["https://as.example"]}`,
			known:          `{"resource":"%s","authorization_servers":["https://other.example"]}`,
		}},
		"root": {"", map[string]string{known: `{"resource":"%s","authorization_servers":["https://as.example"]}`}},
	} {
		address, servers := resourceServer(t, test.challenge, test.documents)
		found, err := servers.Resource(t.Context(), address+"/mcp")
		if err != nil || len(found.AuthorizationServers) != 1 || found.AuthorizationServers[0] != "https://as.example" {
			t.Errorf("%s: %+v %v", name, found, err)
		}
	}
}

func TestRFC9728_3_3_b_MetadataOfAChallengeIsOfTheURLThatWasRequested(t *testing.T) {
	address, servers := resourceServer(t, `Bearer resource_metadata="%s/meta"`, map[string]string{
		"/meta": `{"resource":"%s/another","authorization_servers":["https://as.example"]}`,
	})
	if _, err := servers.Resource(t.Context(), address+"/mcp"); fault.As(err).Code != api.CodeNeedsConfiguration {
		t.Errorf("%v", err)
	}
}

func TestAnAPIThatSaysNothingLeavesTheIssuerToItsReader(t *testing.T) {
	address, servers := resourceServer(t, "", nil)
	if _, err := servers.Resource(t.Context(), address+"/mcp"); fault.As(err).Code != api.CodeNeedsConfiguration || !strings.Contains(fault.As(err).Hint, "--issuer") {
		t.Errorf("%v", err)
	}
	if _, err := servers.Resource(t.Context(), "http://api.example/"); fault.As(err).Code != api.CodeNeedsConfiguration {
		t.Errorf("a resource in clear: %v", err)
	}
}
