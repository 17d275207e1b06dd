package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// newUpstream is an authorization server for client credentials and an API
// that wants its token.
func newUpstream(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"access_token":"at","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// connect makes the connection "robot" through a node, and a key for it.
func (c *cluster) connect(t *testing.T, node int) (key string) {
	t.Helper()
	upstream := newUpstream(t)
	operator := c.operator(node)
	provider := api.Provider{API: &api.CallSettings{BaseURL: upstream.URL}}
	provider.TokenEndpoint = upstream.URL + "/token"
	provider.TokenEndpointAuthMethod = "client_secret_basic"
	provider.AuthorizationEndpoint = upstream.URL + "/authorize"
	if _, err := operator.Providers.Put(t.Context(), "contoso", provider); err != nil {
		t.Fatal(err)
	}
	secret := api.Secret("s3cret")
	if _, err := operator.Clients.Put(t.Context(), "app", api.ClientSpec{Provider: "contoso", ClientID: "id", ClientSecret: &secret}); err != nil {
		t.Fatal(err)
	}
	if _, err := operator.Connections.Put(t.Context(), "robot", api.ConnectionSpec{Client: "app", Grant: "client_credentials"}); err != nil {
		t.Fatal(err)
	}
	made, err := operator.Keys.Create(t.Context(), api.KeySpec{Name: "caller"})
	if err != nil {
		t.Fatal(err)
	}
	return string(made.Secret)
}

// catchUp waits until both nodes have heard of every change so far: changes
// come in their order, and the end of a key is one of them.
func (c *cluster) catchUp(t *testing.T) {
	t.Helper()
	for i, node := range c.nodes {
		made, err := c.operator(1-i).Keys.Create(t.Context(), api.KeySpec{Name: "barrier-" + strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		there := node.URL + "/v1/connections"
		eventually(t, "a new key is known", func() bool { return status(t, there, string(made.Secret)) == 200 })
		if err := c.operator(1-i).Keys.Revoke(t.Context(), made.Name); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a revoked key is refused", func() bool { return status(t, there, string(made.Secret)) == 401 })
	}
}

func TestCallsGoOnWithoutTheDatabaseOnEveryNodeThatKnowsTheToken(t *testing.T) {
	c := newCluster(t)
	key := c.connect(t, 0)
	paths := []string{"/v1/connections/robot/token", "/proxy/robot/me", "/authz/robot"}
	for _, node := range c.nodes {
		eventually(t, "a call through each node", func() bool { return status(t, node.URL+paths[1], key) == 200 })
	}
	c.catchUp(t)
	for _, node := range c.nodes {
		if got := status(t, node.URL+paths[1], key); got != 200 {
			t.Fatalf("a call through each node: %d", got)
		}
	}
	c.postgres.Kill()
	for _, node := range c.nodes {
		for _, path := range paths {
			if got := status(t, node.URL+path, key); got != 200 {
				t.Errorf("%s without the database: %d", path, got)
			}
		}
		if got := status(t, node.URL+"/v1/connections/robot", key); got != 503 {
			t.Errorf("what is not in memory: %d, want 503", got)
		}
	}
	c.postgres.Restart(t)
	if got := status(t, c.nodes[1].URL+"/v1/connections/robot", key); got != 200 {
		t.Errorf("with the database again: %d", got)
	}
}

func TestAConnectionThatOneNodeChangesIsChangedOnTheOther(t *testing.T) {
	c := newCluster(t)
	key := c.connect(t, 0)
	there := c.nodes[1].URL + "/proxy/robot/me"
	eventually(t, "a call through the other node", func() bool { return status(t, there, key) == 200 })
	if _, err := c.operator(0).Revoke(t.Context(), "robot"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other node refuses a connection that was revoked", func() bool { return status(t, there, key) == 409 })
	if err := c.operator(0).Connections.Delete(t.Context(), "robot"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other node no longer knows it", func() bool { return status(t, there, key) == 404 })
}
