package app_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
)

func open(t *testing.T, dir string) (*app.App, error) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{DataDir: dir})
	if err == nil {
		t.Cleanup(func() { _ = a.Close(context.Background()) })
	}
	return a, err
}

// content is every file of a data directory but the database's side files,
// which opening touches.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.Contains(entry.Name(), ".db-") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

func TestTheFirstStartMakesADirectoryThatOthersCannotRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := open(t, dir); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "keyring.json": 0o600, "valetkey.db": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v %v", name, info, err)
		}
	}
}

func TestK01_K03_ALostOrWrongKeyringRefusesToStartAndChangesNothing(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"lost": os.Remove,
		"wrong": func(path string) error {
			if err := os.Remove(path); err != nil {
				return err
			}
			_, err := secret.CreateKeyring(path)
			return err
		},
		"damaged": func(path string) error { return os.WriteFile(path, []byte("{}"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a, err := app.Open(t.Context(), app.Config{DataDir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(dir, "keyring.json")); err != nil {
				t.Fatal(err)
			}
			before := content(t, dir)
			_, err = open(t, dir)
			if !fault.Is(err, api.CodeNeedsConfiguration) || fault.As(err).Hint == "" {
				t.Fatalf("%v", err)
			}
			after := content(t, dir)
			if len(before) != len(after) {
				t.Fatalf("files before %d, after %d", len(before), len(after))
			}
			for file, text := range before {
				if after[file] != text {
					t.Errorf("%s changed", file)
				}
			}
		})
	}
}

func TestTwoFirstStartsAtOnceAgreeOnOneKeyring(t *testing.T) {
	dir := t.TempDir()
	failed := make(chan error, 8)
	for range cap(failed) {
		go func() {
			a, err := app.Open(context.Background(), app.Config{DataDir: dir})
			if err == nil {
				err = a.Close(context.Background())
			}
			failed <- err
		}()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func TestADataDirectoryThatCannotBeMadeSaysWhich(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(file, "data")
	_, err := open(t, dir)
	if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("%v", err)
	}
}

// running is a server that serves until the test ends.
func running(t *testing.T, config app.Config) *app.Server {
	t.Helper()
	config.Listen = "127.0.0.1:0"
	s, err := app.Listen(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestTheNetworkNeedsAKeyAndTheSocketDoesNot(t *testing.T) {
	dir, err := os.MkdirTemp("", "vk") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := running(t, app.Config{DataDir: dir})
	if status, body := get(t, http.DefaultClient, s.URL+"/v1/connections"); status != 401 {
		t.Errorf("network: %d %s", status, body)
	}
	if status, body := get(t, http.DefaultClient, s.URL+"/readyz"); status != 200 {
		t.Errorf("readyz: %d %s", status, body)
	}
	path := filepath.Join(dir, app.SocketFile)
	socket := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
	if status, body := get(t, socket, "http://valetkey/v1/connections"); status != 200 {
		t.Errorf("socket: %d %s", status, body)
	}
	info, err := os.Stat(path)
	if err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("socket %v %v", info, err)
	}
	_, err = app.Listen(t.Context(), app.Config{DataDir: dir, Listen: "127.0.0.1:0"})
	if !fault.Is(err, api.CodeConflict) {
		t.Errorf("a second server: %v", err)
	}
}

func TestASocketThatAKilledServerLeftIsReplaced(t *testing.T) {
	dir, err := os.MkdirTemp("", "vk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	stale, err := net.Listen("unix", filepath.Join(dir, app.SocketFile))
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	running(t, app.Config{DataDir: dir})
}

func TestAnAddressInUseIsNamedWithWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = app.Listen(t.Context(), app.Config{DataDir: t.TempDir(), Listen: taken.Addr().String()})
	if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(fault.As(err).Hint, "--listen") {
		t.Fatalf("%v", err)
	}
	if errors.Is(err, io.EOF) || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Fatalf("%v", err)
	}
}
