package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// rig is one installation with a provider whose refresh tokens are spent by use.
type rig struct {
	app    *app.App
	client *client.Client
}

// tokens is an authorization server's token endpoint: it gives a new pair each time.
func tokens(t *testing.T) (address string, refreshes *atomic.Int64) {
	t.Helper()
	refreshes = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			http.NotFound(w, r)
			return
		}
		refreshes.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"renewed","token_type":"Bearer","expires_in":3600,"refresh_token":"next"}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, refreshes
}

func start(t *testing.T, config app.Config) rig {
	t.Helper()
	a, err := app.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	return rig{app: a, client: client.NewForHandler(a.OperatorHandler())}
}

// fill arranges two connections: one whose refresh token rotates, and one
// whose stays the same.
func (r rig) fill(t *testing.T, address string) {
	t.Helper()
	ctx, soon := t.Context(), time.Now().Add(time.Hour)
	for name, rotation := range map[string]string{"test-spent": api.RotationSingleUse, "test-steady": api.RotationNone} {
		must(t, r.put(ctx, "providers", name, map[string]any{
			"authorization_endpoint": address + "/authorize", "token_endpoint": address + "/token", "refresh": map[string]any{"rotation": rotation},
		}))
		must(t, r.put(ctx, "clients", name, map[string]any{"provider": name, "client_id": "id", "client_secret": "client secret"}))
		must(t, r.put(ctx, "connections", name, map[string]any{"client": name, "grant": "authorization_code", "api": map[string]any{"base_url": address}}))
		_, err := r.client.ImportToken(ctx, name, api.TokenImport{AccessToken: "access", RefreshToken: "refresh", ExpiresAt: &soon})
		must(t, err)
	}
}

func (r rig) put(ctx context.Context, noun, name string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req := httptest.NewRequestWithContext(ctx, http.MethodPut, "/v1/"+noun+"/"+name, bytes.NewReader(text))
	req.Header.Set("Content-Type", "application/json")
	res := httptest.NewRecorder()
	r.app.OperatorHandler().ServeHTTP(res, req)
	if res.Code >= 300 {
		return fault.New(api.CodeInternal, "%d %s", res.Code, res.Body)
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestK02_ARotationSealsEverythingAnewAndTheOldKeyGoesWhenNothingIsLeft(t *testing.T) {
	address, _ := tokens(t)
	r := start(t, app.Config{DataDir: t.TempDir()})
	r.fill(t, address)
	ctx := t.Context()
	before, err := r.client.Keyring(ctx)
	must(t, err)
	old := before.Keys[0]
	ring, err := r.client.RotateKeyring(ctx)
	must(t, err)
	if err := r.client.RetireKey(ctx, old.ID); err == nil {
		t.Fatal("a key was retired under which secrets are")
	}
	for ring.Rotating {
		ring, err = r.client.StepKeyring(ctx)
		must(t, err)
	}
	if ring.Remaining != 0 || ring.Resealed != old.Rows || ring.Keys[1].Rows != old.Rows || ring.Keys[1].State != api.KeySeals {
		t.Fatalf("%+v", ring)
	}
	if token, err := r.client.Token(ctx, "test-spent", 0); err != nil || token.AccessToken != "access" {
		t.Fatalf("%v, %v", token, err)
	}
	must(t, r.client.RetireKey(ctx, old.ID))
	ring, err = r.client.Keyring(ctx)
	must(t, err)
	if ring.Keys[0].State != api.KeyRetired || ring.Keys[0].ForgottenAt == nil {
		t.Fatalf("%+v", ring)
	}
}

func TestARetiredKeyIsForgottenAnHourLater(t *testing.T) {
	var late atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	r := start(t, app.Config{DataDir: t.TempDir(), Now: now})
	ctx := t.Context()
	ring, err := r.client.RotateKeyring(ctx)
	must(t, err)
	old := ring.Keys[0].ID
	for ring.Rotating {
		ring, err = r.client.StepKeyring(ctx)
		must(t, err)
	}
	must(t, r.client.RetireKey(ctx, old))
	late.Store(int64(2 * time.Hour))
	ring, err = r.client.StepKeyring(ctx)
	must(t, err)
	if len(ring.Keys) != 1 || ring.Keys[0].ID == old {
		t.Fatalf("%+v", ring)
	}
}

func TestK02_NodesReadANewKeyBeforeItSealsAndOpenWhatItSealed(t *testing.T) {
	server, address := pgtest.Start(t), ""
	address, _ = tokens(t)
	database := server.URL(t)
	var late atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	first, second := t.TempDir(), t.TempDir()
	one := start(t, app.Config{DataDir: first, Database: database, Now: now})
	key, err := os.ReadFile(filepath.Join(first, "keyring.json"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(second, "keyring.json"), key, 0o600))
	one.fill(t, address)
	two := start(t, app.Config{DataDir: second, Database: database, Now: now})
	ring, err := one.client.RotateKeyring(t.Context())
	must(t, err)
	if ring.Keys[1].State != api.KeyNext || !ring.Rotating {
		t.Fatalf("the new key must wait for the other nodes: %+v", ring)
	}
	late.Store(int64(time.Minute))
	for ring.Rotating {
		ring, err = one.client.StepKeyring(t.Context())
		must(t, err)
	}
	if ring.Remaining != 0 || ring.Keys[1].State != api.KeySeals {
		t.Fatalf("%+v", ring)
	}
	// The other node never heard of it, and finds the key by itself.
	if token, err := two.client.Token(t.Context(), "test-steady", 0); err != nil || token.AccessToken != "access" {
		t.Fatalf("%v, %v", token, err)
	}
}

// backup takes one in memory.
func (r rig) backup(t *testing.T, request api.BackupRequest) []byte {
	t.Helper()
	var file bytes.Buffer
	must(t, r.client.Backup(t.Context(), &file, request))
	return file.Bytes()
}

func TestK09_ARestoredGrantIsNotSpentBeforeAPersonConfirms(t *testing.T) {
	server := pgtest.Start(t)
	for name, database := range map[string][2]string{
		"SQLite to SQLite": {"", ""}, "SQLite to PostgreSQL": {"", server.URL(t)}, "PostgreSQL to SQLite": {server.URL(t), ""},
	} {
		t.Run(name, func(t *testing.T) {
			address, refreshes := tokens(t)
			from := start(t, app.Config{DataDir: t.TempDir(), Database: database[0]})
			from.fill(t, address)
			file := from.backup(t, api.BackupRequest{Passphrase: "open sesame"})
			if bytes.Contains(file, []byte("refresh")) {
				t.Error("a secret lies open in the backup")
			}
			_, err := from.client.Refresh(t.Context(), "test-spent")
			must(t, err)
			refreshes.Store(0)

			config := app.Config{DataDir: t.TempDir(), Database: database[1]}
			done, err := app.Restore(t.Context(), config, bytes.NewReader(file), app.RestoreOptions{Passphrase: secret.NewText("open sesame")})
			if err != nil || done.Suspect != 1 {
				t.Fatalf("%+v, %v", done, err)
			}
			to := start(t, config)
			if token, err := to.client.Token(t.Context(), "test-spent", 0); err != nil || token.AccessToken != "access" {
				t.Fatalf("a valid token must go on working: %v, %v", token, err)
			}
			if _, err := to.client.Refresh(t.Context(), "test-spent"); err == nil || refreshes.Load() != 0 {
				t.Fatalf("%d refresh tokens were sent, %v", refreshes.Load(), err)
			}
			c, err := to.client.Connections.Get(t.Context(), "test-spent")
			if err != nil || c.State != api.StateDegraded || c.Cause == nil || c.Cause.Code != api.CauseRestored {
				t.Fatalf("%+v, %v", c.ConnectionStatus, err)
			}
			_, err = to.client.Refresh(t.Context(), "test-steady")
			must(t, err)
			_, err = to.client.ConfirmRestored(t.Context(), "test-spent")
			must(t, err)
			if c, err := to.client.Refresh(t.Context(), "test-spent"); err != nil || c.State != api.StateActive || refreshes.Load() == 0 {
				t.Fatalf("%+v, %v, %d", c.ConnectionStatus, err, refreshes.Load())
			}
		})
	}
}

func TestK09_ADatabasePutBackByOtherMeansIsNoticed(t *testing.T) {
	address, refreshes := tokens(t)
	dir := t.TempDir()
	r := start(t, app.Config{DataDir: dir})
	r.fill(t, address)
	must(t, r.app.Close(t.Context()))
	path := filepath.Join(dir, "valetkey.db")
	old, err := os.ReadFile(path)
	must(t, err)
	r = start(t, app.Config{DataDir: dir})
	_, err = r.client.Refresh(t.Context(), "test-spent")
	must(t, err)
	must(t, r.app.Close(t.Context()))
	must(t, os.WriteFile(path, old, 0o600))
	refreshes.Store(0)
	r = start(t, app.Config{DataDir: dir})
	if _, err := r.client.Refresh(t.Context(), "test-spent"); err == nil || refreshes.Load() != 0 {
		t.Fatalf("%d refresh tokens were sent, %v", refreshes.Load(), err)
	}
}

func TestK10_ABackupThatIsNotWholeOrNotOursChangesNothing(t *testing.T) {
	address, _ := tokens(t)
	from := start(t, app.Config{DataDir: t.TempDir()})
	from.fill(t, address)
	file := from.backup(t, api.BackupRequest{Passphrase: "open sesame"})
	changed := bytes.Clone(file)
	changed[len(changed)/2] ^= 0x10
	for name, try := range map[string]struct {
		file       []byte
		passphrase string
		says       string
	}{
		"cut":              {file[:len(file)-30], "open sesame", "cut off"},
		"cut at the start": {file[:25], "open sesame", "cut off"},
		"changed":          {changed, "open sesame", "the backup is"},
		"another file":     {[]byte("hello\nworld"), "", "no backup"},
		"a newer format":   {[]byte("valetkey-backup 9\nx"), "", "newer"},
		"wrong passphrase": {file, "open says me", "passphrase"},
		"no key":           {file, "", "keyring.json"},
	} {
		t.Run(name, func(t *testing.T) {
			config := app.Config{DataDir: t.TempDir()}
			_, err := app.Restore(t.Context(), config, bytes.NewReader(try.file), app.RestoreOptions{Passphrase: secret.NewText(try.passphrase)})
			if err == nil || !strings.Contains(err.Error()+fault.As(err).Hint, try.says) {
				t.Fatalf("%v", err)
			}
			if list, err := start(t, config).client.Connections.Get(t.Context(), "test-spent"); err == nil {
				t.Fatalf("half of it was restored: %v", list.Name)
			}
		})
	}
	config := app.Config{DataDir: t.TempDir()}
	full := start(t, config)
	full.fill(t, address)
	_, err := app.Restore(t.Context(), config, bytes.NewReader(file), app.RestoreOptions{Passphrase: secret.NewText("open sesame")})
	if !fault.Is(err, api.CodeConflict) || !strings.Contains(fault.As(err).Hint, "--force") {
		t.Fatalf("%v", err)
	}
}

// vault is Vault's transit engine as its HTTP interface is documented, with a
// key that only reverses.
func vault(t *testing.T) (uri string, down *atomic.Bool, getenv func(string) string) {
	t.Helper()
	down = new(atomic.Bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Plaintext, Ciphertext string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		switch {
		case down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.Header.Get("X-Vault-Token") != "t0ken":
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"errors":["permission denied"]}`)
		case r.URL.Path == "/v1/transit/encrypt/valetkey":
			_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{"ciphertext": "vault:v1:" + in.Plaintext}})
		case r.URL.Path == "/v1/transit/decrypt/valetkey" && strings.HasPrefix(in.Ciphertext, "vault:v1:"):
			_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{"plaintext": strings.TrimPrefix(in.Ciphertext, "vault:v1:")}})
		default:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"errors":["invalid ciphertext"]}`)
		}
	}))
	t.Cleanup(server.Close)
	environment := map[string]string{"VAULT_ADDR": server.URL, "VAULT_TOKEN": "t0ken"}
	return "hcvault://" + strings.TrimPrefix(server.URL, "http://") + "/transit/keys/valetkey", down, func(name string) string { return environment[name] }
}

func TestTheKeyringMovesToAKeyServiceAndNeedsItFromThenOn(t *testing.T) {
	address, _ := tokens(t)
	dir := t.TempDir()
	uri, down, getenv := vault(t)
	withFile := app.Config{DataDir: dir, Custody: app.Custody{MasterKey: app.MasterKeyConfig{Getenv: getenv}}}
	r := start(t, withFile)
	r.fill(t, address)
	ring, err := r.client.RewrapKeyring(t.Context(), uri)
	if err != nil || ring.MasterKey != uri {
		t.Fatalf("%+v, %v", ring, err)
	}
	must(t, r.app.Close(t.Context()))

	// K-01: the wrong master key refuses, and says which one it was.
	_, err = app.Open(t.Context(), withFile)
	if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), uri) {
		t.Fatalf("%v", err)
	}
	withVault := withFile
	withVault.MasterKey.URI = uri
	down.Store(true)
	if _, err := app.Open(t.Context(), withVault); !fault.Is(err, api.CodeUnreachable) {
		t.Fatalf("%v", err)
	}
	down.Store(false)
	r = start(t, withVault)
	if token, err := r.client.Token(t.Context(), "test-steady", 0); err != nil || token.AccessToken != "access" {
		t.Fatalf("%v, %v", token, err)
	}
}

func TestEveryChangeIsInTheAuditTrailAndNoSecretIs(t *testing.T) {
	address, _ := tokens(t)
	r := start(t, app.Config{DataDir: t.TempDir()})
	r.fill(t, address)
	_, err := r.client.Keys.Create(t.Context(), api.KeySpec{Name: "job"})
	must(t, err)
	for range 3 {
		_, err = r.client.Token(t.Context(), "test-spent", 0)
		must(t, err)
	}
	must(t, r.client.Keys.Revoke(t.Context(), "job"))
	seen := map[string]string{}
	for entry, err := range r.client.Audit(t.Context(), api.AuditFilter{}) {
		must(t, err)
		if entry.Actor != "local operator" {
			t.Errorf("%+v", entry)
		}
		text, _ := json.Marshal(entry)
		seen[entry.Action] = string(text)
		for _, canary := range []string{"refresh\"", "client secret", base64.StdEncoding.EncodeToString([]byte("access"))} {
			if strings.Contains(string(text), canary) {
				t.Errorf("a secret is in %s", text)
			}
		}
	}
	for _, action := range []string{"provider.put", "client.put", "connection.put", "connection.token.put", "connection.token.get", "key.create", "key.delete"} {
		if seen[action] == "" {
			t.Errorf("%s is not in the trail: %v", action, seen)
		}
	}
	if !strings.Contains(seen["connection.token.get"], `"count":"3"`) {
		t.Errorf("three readings are one entry: %s", seen["connection.token.get"])
	}
}
