package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeIsReadyWhereItSaysAndStopsCleanly(t *testing.T) {
	s := startServe(t, t.TempDir())
	res, err := http.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("/readyz answered %d", res.StatusCode)
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("an interrupted server left exit code %d, want 0", code)
	}
	if res, err := http.Get(s.url + "/readyz"); err == nil {
		res.Body.Close()
		t.Error("after it stopped, something still answers")
	}
}

func TestAKilledServerLeavesADirectoryThatTheNextOneTakesOver(t *testing.T) {
	dir := t.TempDir()
	first := startServe(t, dir)
	first.kill()
	if _, err := os.Stat(filepath.Join(dir, "valetkey.sock")); err != nil {
		t.Fatalf("a killed server cannot tidy up, so its socket should lie there still: %v", err)
	}
	second := startServe(t, dir)
	listed := run(t, []string{"VALETKEY_DATA=" + dir}, "list", "-o", "json")
	if listed.code != 0 {
		t.Errorf("list through the second server's socket: exit code %d\n%s", listed.code, listed.stderr)
	}
	if code := second.stop(t); code != 0 {
		t.Errorf("the second server left exit code %d, want 0", code)
	}
}

func TestAnUnknownCommandIsWrongUsage(t *testing.T) {
	got := run(t, []string{"VALETKEY_DATA=" + t.TempDir()}, "conect")
	if got.code != 2 || !strings.Contains(got.stderr, "error: ") || !strings.Contains(got.stderr, "hint: ") || got.stdout != "" {
		t.Errorf("exit code %d, stdout %q, stderr:\n%s", got.code, got.stdout, got.stderr)
	}
}

func TestK14_NoDebuggingHandlerAnswers(t *testing.T) {
	s := startServe(t, t.TempDir())
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/debug/requests"} {
		res, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}

func TestA19_TheRedirectURIComesFromTheSettingsNeverFromTheRequest(t *testing.T) {
	dir := t.TempDir()
	s := startServe(t, dir, "--public-url", "https://valetkey.example.org")
	env := []string{"VALETKEY_DATA=" + dir}
	mustRun(t, env, "client", "add", "app", "--provider", "github", "--client-id", "x")
	key := callersKey(t, env)
	req, err := http.NewRequest(http.MethodGet, s.url+"/v1/clients/app", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("X-Forwarded-Host", "evil.example")
	req.Header.Set("X-Forwarded-Proto", "http")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), `"https://valetkey.example.org/oauth/callback"`) || strings.Contains(string(body), "evil.example") {
		t.Errorf("the redirect URI follows the request: %s", body)
	}
}
