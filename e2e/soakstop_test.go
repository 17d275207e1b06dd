package e2e

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestK12_ToldToStopItFinishesRenewalsAndStreams sends SIGTERM in the middle of
// a renewal and of a stream.
func TestK12_ToldToStopItFinishesRenewalsAndStreams(t *testing.T) {
	provider := newSoakProvider(t, 3600, false)
	dir := t.TempDir()
	s := startServe(t, dir, "--sweep", "off")
	env := []string{"VALETKEY_DATA=" + dir}
	provider.describe(t, env, "", "mail", "feed")
	key := callersKey(t, env)
	provider.bring(t, env, "mail")
	provider.bring(t, env, "feed")
	mustRun(t, env, "refresh", "feed")

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/proxy/feed/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	stream, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	first := make([]byte, len("begin\n"))
	if _, err := io.ReadFull(stream.Body, first); err != nil || string(first) != "begin\n" {
		t.Fatalf("the stream begins with %q: %v", first, err)
	}
	rotated, answer := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release)
	provider.during(func(phase string) {
		if phase == phaseRotated {
			close(rotated)
			<-answer
		}
	})
	refreshed := make(chan result, 1)
	go func() { refreshed <- run(t, env, "refresh", "mail") }()
	<-rotated
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for accepts := true; accepts; {
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(s.url + "/healthz")
		if accepts = err == nil; accepts {
			res.Body.Close()
		}
	}
	select {
	case <-s.exited:
		t.Fatalf("it ended in the middle of a renewal and a stream:\n%s", s.log)
	default:
	}
	release()
	close(provider.end)
	rest, err := io.ReadAll(stream.Body)
	if err != nil || !strings.HasSuffix(string(rest), "end\n") {
		t.Errorf("the stream ends with %q: %v", rest, err)
	}
	if got := <-refreshed; got.code != 0 {
		t.Errorf("whoever asked for the renewal got exit code %d\n%s", got.code, got.stderr)
	}
	<-s.exited
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it left exit code %d\n%s", code, s.log)
	}
	provider.during(nil)
	startServe(t, dir, "--sweep", "off")
	mustRun(t, env, "refresh", "mail")
	if _, reused, refused := provider.tally("mail"); reused != 0 || refused != 0 {
		t.Errorf("what was renewed was not saved: %d refused", refused)
	}
}
