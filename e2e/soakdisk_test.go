//go:build linux

package e2e

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk is a file system of so many bytes for the test alone.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		t.Skipf("needs leave to mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill takes all room of a disk and returns how to give it back.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 4096, 1} {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// unfinished are the files in a data directory that no server puts there, and
// those in which it kept what the full disk did not take.
func unfinished(t *testing.T, dir string) (left []string) {
	t.Helper()
	known := []string{"highwater.json", "keyring.json", "valetkey.db", "valetkey.db-shm", "valetkey.db-wal", "valetkey.sock"}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !slices.Contains(known, entry.Name()) {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// answers sends a request with a key and returns the status and the body.
func answers(t *testing.T, url, key string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// becomes asks until the status is the one that is wanted.
func becomes(t *testing.T, url, key string, want int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		got, body := answers(t, url, key)
		if got == want {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s answers %d %s, want %d", url, got, body, want)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestK10_OnAFullDiskValidTokensServeAndNothingIsLost fills the disk under a
// server, again and again, and has it renew a token there.
func TestK10_OnAFullDiskValidTokensServeAndNothingIsLost(t *testing.T) {
	provider := newSoakProvider(t, 3600, false)
	dir := smallDisk(t, "12m")
	s := startServe(t, dir, "--sweep", "off")
	env := []string{"VALETKEY_DATA=" + dir}
	provider.describe(t, env, "", "mail", "other")
	key := callersKey(t, env)
	for _, name := range []string{"mail", "other"} {
		provider.bring(t, env, name)
		mustRun(t, env, "refresh", name)
	}
	before, _, _ := provider.tally("mail")
	rounds := max(1, soakRounds(t)/100)
	for round := range rounds {
		free := fill(t, dir)
		for _, path := range []string{"/proxy/mail/me", "/v1/connections/other/token"} {
			if status, body := answers(t, s.url+path, key); status != http.StatusOK {
				t.Fatalf("round %d: %s answers %d %s on a full disk", round, path, status, body)
			}
		}
		added := run(t, env, "key", "create", "late", "-o", "json")
		if added.code == 0 || !strings.Contains(added.stderr, "no room left") {
			t.Fatalf("round %d: a key was made on a full disk, or it is not said why not: exit code %d\n%s%s", round, added.code, added.stdout, added.stderr)
		}
		refreshed := run(t, env, "refresh", "mail")
		if refreshed.code == 0 {
			t.Fatalf("round %d: a renewal passes for saved on a full disk\n%s", round, refreshed.stdout)
		}
		saved := run(t, env, "backup", filepath.Join(dir, "x.backup"))
		if saved.code == 0 || !strings.Contains(saved.stderr, "no room left") && !strings.Contains(saved.stderr, "no space left") {
			t.Fatalf("round %d: a backup passes for whole on a full disk: exit code %d\n%s", round, saved.code, saved.stderr)
		}
		mustRun(t, env, "backup", filepath.Join(t.TempDir(), "elsewhere.backup"))
		becomes(t, s.url+"/readyz", key, http.StatusServiceUnavailable)
		free()
		becomes(t, s.url+"/v1/connections/mail/token", key, http.StatusOK)
		becomes(t, s.url+"/readyz", key, http.StatusOK)
		mustRun(t, env, "refresh", "mail")
	}
	if left := unfinished(t, dir); len(left) > 0 {
		t.Errorf("files that were begun are left: %v", left)
	}
	after, reused, refused := provider.tally("mail")
	if reused != 0 || refused != 0 {
		t.Fatalf("%d refresh tokens were sent twice, %d requests refused", reused, refused)
	}
	s.kill()
	startServe(t, dir, "--sweep", "off")
	mustRun(t, env, "refresh", "mail")
	t.Logf("the disk was full %d times; %d renewals of one connection, none lost", rounds, after-before)
}
