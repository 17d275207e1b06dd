package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// keeps runs the installation: links, more secrets, keys, backups, the trail.
func (s *sweep) keeps() {
	s.t.Helper()
	s.asks("PATCH", "/v1/clients/basic", nil, `{"client_secrets":["`+s.planted("second client secret")+`"]}`)
	s.asks("PATCH", "/v1/clients/basic", nil, `{"client_secrets":[7,"`+s.planted("secret in a wrong list")+`"]}`)
	made := s.shows(0, []string{"link address", "webhook secret"},
		"link", "create", "mail", "--account", "maria@example.org", "--webhook", "https://hooks.contoso.example/x", "-o", "json")
	var link struct {
		ID            string `json:"id"`
		URL           string `json:"url"`
		WebhookSecret string `json:"webhook_secret"`
	}
	if err := json.Unmarshal([]byte(made.stdout), &link); err != nil {
		s.t.Fatal(err)
	}
	s.known.plant("link address", path.Base(link.URL))
	s.known.plant("webhook secret", strings.TrimPrefix(link.WebhookSecret, "whsec_"))
	stranger := newBrowser(s.t, "nobody")
	at := stranger.open(s.t, link.URL)
	s.seen = append(s.seen, evidence{"the page of a link", []byte(at.Body), []string{"link address"}})
	s.looks(stranger, strings.TrimSuffix(link.URL, path.Base(link.URL))+s.planted("guessed link"))
	s.does(0, "link", "list", "-o", "json")
	s.asks("GET", "/v1/connect-links", nil, "")
	s.asks("GET", "/v1/connect-links/"+link.ID, nil, "")
	s.does(0, "link", "revoke", link.ID)

	token := strings.TrimSpace(s.shows(0, []string{"agent token"}, "agent", "add", "plant").stdout)
	s.known.plant("agent token", strings.TrimPrefix(token, "va_"))
	s.does(1, "agent", "run", "--url", "http://valetkey.contoso.example", "--token", token)
	s.does(refused, "agent", "run", "--url", s.server.url, "--token", "va_"+s.planted("wrong agent token"))
	s.asks("GET", "/v1/agents/tunnel", http.Header{"Authorization": {"Bearer " + token}, "Valetkey-Agent-Protocol": {"1.0"}, "Valetkey-Agent-Instance": {"i"}}, "")
	s.asks("POST", "/v1/agents", nil, `{"name":"plant"}`)

	s.does(0, "keyring", "list")
	s.does(0, "keyring", "rotate", "--no-wait")
	s.does(0, "audit", "-o", "json")
	s.does(0, "schema")
	backup := filepath.Join(s.t.TempDir(), "backup")
	passphrase := s.file(s.planted("passphrase of a backup"))
	s.does(0, "backup", backup, "--passphrase-file", passphrase)
	raw, err := os.ReadFile(backup)
	if err != nil {
		s.t.Fatal(err)
	}
	s.seen = append(s.seen, evidence{"a backup", raw, nil})
	s.does(refused, "restore", backup, "--data", s.t.TempDir(), "--passphrase-file", s.file(s.planted("wrong passphrase")))
	for _, page := range []string{"/v1/audit", "/v1/keyring", "/v1/providers?search=" + s.planted("search text")} {
		s.asks("GET", page, nil, "", "search text")
	}
}
