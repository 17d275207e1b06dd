package rest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// subrequest is what docs/subrequest.md tells nginx to do, on unix sockets.
const subrequest = `pid %[1]s/pid; error_log %[1]s/log; events {}
http { access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
server { listen unix:%[1]s/nginx.sock;
location /api/ {
    auth_request /token;
    auth_request_set $token $upstream_http_authorization;
    proxy_set_header Authorization $token;
    proxy_pass %[2]s/;
}
location = /token {
    internal;
    proxy_pass %[3]s/authz/robot;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header Authorization "";
    proxy_set_header X-Valetkey-Key %[4]s;
} } }`

// startNginx gives a client whose requests all go to an nginx of its own.
func startNginx(t *testing.T, upstream, valetkey, key string) *http.Client {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not on this machine; test.sh installs it")
	}
	dir, err := os.MkdirTemp("", "vk") // the path of a unix socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // for its workers, which may be another user's
		t.Fatal(err)
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, subrequest, dir, upstream, valetkey, key), 0o600); err != nil {
		t.Fatal(err)
	}
	// It listens before it goes to the background.
	if out, err := exec.Command(path, "-c", file, "-e", filepath.Join(dir, "log")).CombinedOutput(); err != nil {
		t.Fatalf("nginx: %v %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command(path, "-c", file, "-e", filepath.Join(dir, "log"), "-s", "stop").Run() })
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(dir, "nginx.sock"))
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestNginxPlacesTheTokenThatItAsksForWithAuthRequest(t *testing.T) {
	s := newTestServer(t)
	seen := make(chan *http.Request, 8)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen <- r.Clone(context.Background())
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), body)
	}))
	t.Cleanup(upstream.Close)
	send := func(client *http.Client) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://nginx/api/items?a=1", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer of-the-caller")
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	if status, body := send(startNginx(t, upstream.URL, s.http.URL, s.key(api.RoleCaller, "robot"))); status != 200 || body != "POST /items?a=1 hello" {
		t.Fatalf("%d %q", status, body)
	}
	got := <-seen
	if got.Header.Get("Authorization") != "Bearer "+accessToken || got.Header.Get("X-Valetkey-Key") != "" {
		t.Errorf("the API got %v", got.Header)
	}
	for name, key := range map[string]string{"no key": "vk_wrong", "a key that may not hold the token": s.key(api.RoleProxy, "robot")} {
		if status, body := send(startNginx(t, upstream.URL, s.http.URL, key)); status != 401 && status != 403 {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	if len(seen) != 0 {
		t.Error("the API was asked without a token")
	}
}
