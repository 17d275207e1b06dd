package broker_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestMCP_1_AnAPISaysWhoGivesTokensForIt(t *testing.T) {
	h := newHarness(t)
	var api *httptest.Server
	api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/meta" {
			_, _ = fmt.Fprintf(w, `{"resource":%q,"authorization_servers":["https://as.example"],"scopes_supported":["a","b"],"dpop_bound_access_tokens_required":true}`, api.URL+"/mcp")
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+api.URL+`/meta"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(api.Close)
	found, err := h.Resource(h.ctx, api.URL+"/mcp")
	h.must(err)
	if got, want := fmt.Sprintf("%+v", found), fmt.Sprintf("{Resource:%s/mcp AuthorizationServers:[https://as.example] ScopesSupported:[a b] DPoPRequired:true}", api.URL); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := h.Resource(h.ctx, api.URL+"/other"); err == nil {
		t.Error("metadata of another resource was taken")
	}
}
