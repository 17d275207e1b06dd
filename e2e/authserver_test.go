package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// patience bounds each wait for a child process. A busy machine may need most
// of it; a healthy one never does.
const patience = 60 * time.Second

// authServerOptions says how the authorization server should behave. The zero
// value accepts any loopback redirect URI and gives tokens of one hour.
type authServerOptions struct {
	accessTokenTTL  time.Duration // whole seconds
	refreshTokenTTL time.Duration // whole seconds; the grant lives as long
	redirectURIs    []string      // exact; none: any port on 127.0.0.1 with path /oauth/callback
	alwaysRefresh   bool          // a refresh token without scope offline_access and prompt=consent
	hardened        string        // a directory of certificates: everything that a server of high security asks for
}

func (o authServerOptions) args() []string {
	args := []string{"server.mjs", "--watch-stdin"}
	if o.accessTokenTTL > 0 {
		args = append(args, "--access-token-ttl", strconv.Itoa(int(o.accessTokenTTL.Seconds())))
	}
	if o.refreshTokenTTL > 0 {
		args = append(args, "--refresh-token-ttl", strconv.Itoa(int(o.refreshTokenTTL.Seconds())))
	}
	if o.alwaysRefresh {
		args = append(args, "--always-refresh")
	}
	if o.hardened != "" {
		args = append(args, "--hardened", o.hardened)
	}
	for _, uri := range o.redirectURIs {
		args = append(args, "--redirect-uri", uri)
	}
	return args
}

// registration is one client the authorization server knows.
type registration struct {
	ID         string `json:"client_id"`
	Secret     string `json:"client_secret"`
	PrivateKey string `json:"private_key"` // PEM
	AuthMethod string `json:"token_endpoint_auth_method"`
}

// authServer is a running authorization server with a protected API beside it.
type authServer struct {
	Issuer   string                  `json:"issuer"`
	APIURL   string                  `json:"api"`
	TLSAPI   string                  `json:"tls_api"` // hardened only: asks for certificates
	AdminURL string                  `json:"admin"`
	ClientID string                  `json:"client_id"`
	Secret   string                  `json:"client_secret"`
	Clients  map[string]registration `json:"clients"`
}

// startAuthServer runs the authorization server until the test ends.
func startAuthServer(t *testing.T, opts authServerOptions) authServer {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the authorization server needs Node and its packages")
	}
	dir, err := filepath.Abs("oidc-provider")
	if err != nil {
		t.Fatal(err)
	}
	node := filepath.Join(dir, "node_modules", ".bin", "node")
	if _, err := os.Stat(node); err != nil {
		t.Fatalf("the authorization server's packages are missing (%v): run ./test.sh once: it installs the npm packages", err)
	}
	cmd := exec.Command(node, opts.args()...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// Holding stdin open keeps the server alive; if this process dies, the
	// pipe closes and the server with it.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", node, err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() && stderr.Len() > 0 {
			t.Logf("authorization server's stderr:\n%s", stderr.String())
		}
	})
	var server authServer
	line := firstLine(t, stdout, "the authorization server's ready line")
	if err := json.Unmarshal(line, &server); err != nil {
		t.Fatalf("the authorization server's ready line %q: %v", line, err)
	}
	return server
}

// firstLine reads one line from r, and keeps draining r afterwards so that the
// process behind it never blocks on a full pipe.
func firstLine(t *testing.T, r io.Reader, what string) []byte {
	t.Helper()
	type read struct {
		line []byte
		err  error
	}
	got := make(chan read, 1)
	go func() {
		buffered := bufio.NewReader(r)
		line, err := buffered.ReadBytes('\n')
		got <- read{line, err}
		_, _ = io.Copy(io.Discard, buffered)
	}()
	select {
	case first := <-got:
		if first.err != nil {
			t.Fatalf("no %s: %v (got %q)", what, first.err, first.line)
		}
		return first.line
	case <-time.After(patience):
		t.Fatalf("no %s within %v", what, patience)
	}
	return nil
}

// tokenRequests is how often each grant type was asked for at the token endpoint.
type tokenRequests struct {
	Requests map[string]struct {
		OK      int `json:"ok"`
		Refused int `json:"refused"`
	} `json:"requests"`
	Errors []struct {
		Error       string `json:"error"`
		Description string `json:"description"`
	} `json:"errors"`
}

// tokenRequests asks the server what it has seen at its token endpoint.
func (s authServer) tokenRequests(t *testing.T) tokenRequests {
	t.Helper()
	var out tokenRequests
	s.admin(t, http.MethodGet, "/token-requests", &out)
	return out
}

// revokeGrants withdraws every grant that stands, as the user or an
// administrator would on the provider's own pages, and says how many there were.
func (s authServer) revokeGrants(t *testing.T) int {
	t.Helper()
	var grants []struct {
		ID string `json:"id"`
	}
	s.admin(t, http.MethodGet, "/grants", &grants)
	for _, grant := range grants {
		s.admin(t, http.MethodPost, "/grants/"+grant.ID+"/revoke", nil)
	}
	return len(grants)
}

// expireAccessTokens ends every access token before its stated time, so that
// the API refuses tokens a client believes in. It says how many there were.
func (s authServer) expireAccessTokens(t *testing.T) int {
	t.Helper()
	var out struct {
		Expired int `json:"expired"`
	}
	s.admin(t, http.MethodPost, "/expire-access-tokens", &out)
	return out.Expired
}

func (s authServer) admin(t *testing.T, method, path string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.AdminURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := decodeReply(req, into); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// decodeReply sends req and reads a 200 JSON answer into the value given.
func decodeReply(req *http.Request, into any) error {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", res.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}
