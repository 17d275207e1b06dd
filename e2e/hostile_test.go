package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// hostile is what a provider, or whoever builds a callback's address, may put
// wherever words may stand: markup, a terminal's commands, a line of a log.
const hostile = "<script>alert(1)</script>\"'>\x1b[2J\x1b]0;owned\x07\r\ntime=2026-11-21 level=ERROR msg=forged \u202egnp.exe"

// harmless reports what of it would do harm where it stands.
func harmless(where, text string, page bool) (found []string) {
	for name, piece := range map[string]string{
		"an escape of the terminal": "\x1b", "a bell": "\x07", "a forged line": "\ntime=2026-11-21 level=ERROR msg=forged", "text that runs backwards": "\u202e",
	} {
		if strings.Contains(text, piece) {
			found = append(found, fmt.Sprintf("%s holds %s", where, name))
		}
	}
	if page && strings.Contains(text, "<script>alert") {
		found = append(found, where+" holds a script")
	}
	return found
}

func TestA15_WhatAProviderSaysIsHarmlessOnPagesInLogsAndAtTheTerminal(t *testing.T) {
	refuse := false
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := map[string]any{"access_token": "at", "refresh_token": "rt", "token_type": "Bearer", "expires_in": 3600, "scope": "read " + hostile, "shop": hostile}
		if refuse {
			w.WriteHeader(http.StatusBadRequest)
			body = map[string]any{"error": "invalid_grant", "error_description": hostile, "error_uri": "javascript:alert(1)"}
		}
		_ = json.NewEncoder(w).Encode(body)
	}))
	t.Cleanup(provider.Close)
	dir := t.TempDir()
	s := startServe(t, dir, "-v")
	env := []string{"VALETKEY_DATA=" + dir}
	file := filepath.Join(dir, "hostile.yaml")
	text := strings.ReplaceAll(`providers:
  hostile:
    authorization_endpoint: URL/authorize
    token_endpoint: URL/token
    token_endpoint_auth_method: none
    api: {base_url: URL/api}
clients:
  app: {provider: hostile, client_id: app}
connections:
  mail: {client: app}
`, "URL", provider.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, env, "apply", "-f", file)
	key := callersKey(t, env)
	c := sdk(t, s.url, key)
	var found []string
	// answers comes back from the provider with these parameters and keeps the page.
	answers := func(params url.Values) {
		t.Helper()
		authorization, err := c.Authorize(t.Context(), "mail", api.AuthorizeRequest{})
		if err != nil {
			t.Fatal(err)
		}
		b := newBrowser(t, "ada")
		b.stopAt = provider.URL
		at, err := url.Parse(b.open(t, authorization.AuthorizationURL).URL)
		if err != nil {
			t.Fatal(err)
		}
		params.Set("state", at.Query().Get("state"))
		page := b.open(t, s.url+"/oauth/callback?"+params.Encode())
		found = append(found, harmless("the page at "+page.URL, page.Body, true)...)
	}
	says := func() {
		t.Helper()
		for _, args := range [][]string{{"show", "mail"}, {"events", "mail"}, {"list"}, {"refresh", "mail"}, {"token", "mail"}, {"show", "mail", "-o", "json"}} {
			r := run(t, env, args...)
			found = append(found, harmless("valetkey "+strings.Join(args, " "), r.stdout+r.stderr, false)...)
		}
	}
	answers(url.Values{"error": {"access_denied"}, "error_description": {hostile}, "error_uri": {"javascript:alert(1)"}, "shop": {hostile}})
	says()
	answers(url.Values{"code": {"the-code"}, "scope": {hostile}, "shop": {hostile}})
	says()
	refuse = true
	answers(url.Values{"code": {"the-code"}})
	says()
	found = append(found, harmless("the server's log", s.log.String(), false)...)
	for _, what := range found {
		t.Error(what)
	}
}
