package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// soon bounds what is promised within a second, on a machine that is busy.
const soon = time.Minute

// cluster is two nodes on one PostgreSQL.
type cluster struct {
	postgres *pgtest.Server
	database string
	nodes    [2]*app.Server
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{postgres: pgtest.Start(t)}
	c.database = c.postgres.URL(t)
	first := t.TempDir()
	c.nodes[0] = running(t, app.Config{DataDir: first, Database: c.database})
	second := t.TempDir()
	share(t, first, second)
	c.nodes[1] = running(t, app.Config{DataDir: second, Database: c.database})
	return c
}

// share copies the keyring to another node's data directory.
func share(t *testing.T, from, to string) {
	t.Helper()
	keyring, err := os.ReadFile(filepath.Join(from, "keyring.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "keyring.json"), keyring, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// operator is the client of whoever may open a node's data directory.
func (c *cluster) operator(node int) *client.Client {
	return client.NewForHandler(c.nodes[node].OperatorHandler())
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(soon)
	for !yes() {
		select {
		case <-deadline:
			t.Fatalf("it did not come about: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func status(t *testing.T, url, key string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestK01_ANodeNeedsTheKeyringThatSealedTheDatabase(t *testing.T) {
	postgres := pgtest.Start(t)
	database := postgres.URL(t)
	first := t.TempDir()
	running(t, app.Config{DataDir: first, Database: database})
	for name, prepare := range map[string]func(dir string){
		"without any": func(string) {},
		"with another": func(dir string) {
			other := t.TempDir()
			if _, err := open(t, other); err != nil {
				t.Fatal(err)
			}
			share(t, other, dir)
		},
	} {
		dir := t.TempDir()
		prepare(dir)
		_, err := app.Open(t.Context(), app.Config{DataDir: dir, Database: database})
		if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(fault.As(err).Message, "keyring") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "valetkey.db")); err == nil {
			t.Errorf("%s: a SQLite file was made beside PostgreSQL", name)
		}
	}
	second := t.TempDir()
	share(t, first, second)
	running(t, app.Config{DataDir: second, Database: database})
}

func TestWhatOneNodeChangesTheOtherKnows(t *testing.T) {
	c := newCluster(t)
	key, err := c.operator(0).Keys.Create(t.Context(), api.KeySpec{Name: "robot"})
	if err != nil {
		t.Fatal(err)
	}
	there := c.nodes[1].URL + "/v1/connections"
	eventually(t, "a key made on one node opens the other", func() bool { return status(t, there, string(key.Secret)) == 200 })
	if err := c.operator(0).Keys.Revoke(t.Context(), "robot"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a key revoked on one node is refused by the other", func() bool { return status(t, there, string(key.Secret)) == 401 })

	provider := api.Provider{API: &api.CallSettings{BaseURL: "https://api.example.com"}}
	provider.TokenEndpoint = "https://login.example.com/token"
	provider.AuthorizationEndpoint = "https://login.example.com/authorize"
	if _, err := c.operator(0).Providers.Put(t.Context(), "contoso", provider); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a provider put on one node is known to the other", func() bool {
		_, err := c.operator(1).Providers.Get(t.Context(), "contoso")
		return err == nil
	})
}

func TestANodeWithoutTheDatabaseSaysSoAndKnowsItsCallersStill(t *testing.T) {
	c := newCluster(t)
	key, err := c.operator(0).Keys.Create(t.Context(), api.KeySpec{Name: "robot"})
	if err != nil {
		t.Fatal(err)
	}
	url := c.nodes[0].URL
	c.postgres.Kill()
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 503, "/v1/connections": 503} {
		if got := status(t, url+path, string(key.Secret)); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := status(t, url+"/v1/connections", "vk_unknown"); got != 401 {
		t.Errorf("an unknown key: %d, want 401", got)
	}
	c.postgres.Restart(t)
	for path, want := range map[string]int{"/readyz": 200, "/v1/connections": 200} {
		if got := status(t, url+path, string(key.Secret)); got != want {
			t.Errorf("%s with the database again: %d, want %d", path, got, want)
		}
	}
}
