package reach_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/reach"
)

// shortDir is a data directory whose socket's path every system accepts.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "vk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func open(t *testing.T, way reach.Way) *reach.Session {
	t.Helper()
	s, err := reach.Open(t.Context(), way)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func serve(t *testing.T, dir string) *app.Server {
	t.Helper()
	server, err := app.Listen(t.Context(), app.Config{DataDir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server
}

func TestAllThreeWaysLeadToTheSameAPI(t *testing.T) {
	dir := shortDir(t)
	here := reach.Way{Config: app.Config{DataDir: dir}}

	alone := open(t, here)
	if alone.Own == nil {
		t.Fatal("no server runs, and the work is not done here")
	}
	key, err := alone.Keys.Create(t.Context(), api.KeySpec{Name: "k", Role: api.RoleOperator})
	if err != nil {
		t.Fatal(err)
	}
	if err := alone.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	server := serve(t, dir)
	bySocket := open(t, here)
	if bySocket.Own != nil {
		t.Fatal("a server runs, and the work is done here")
	}
	byURL := open(t, reach.Way{URL: server.URL, Key: string(key.Secret)})
	for name, s := range map[string]*reach.Session{"socket": bySocket, "URL": byURL} {
		if _, err := s.Providers.Get(t.Context(), "microsoft"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var problem *api.Problem
	wrong := open(t, reach.Way{URL: server.URL, Key: "vk_wrong"})
	if _, err := wrong.Providers.Get(t.Context(), "microsoft"); !errors.As(err, &problem) || problem.Code != api.CodeUnauthenticated {
		t.Errorf("a wrong key: %v", err)
	}
}

func TestASocketThatNobodyAnswersIsNoServer(t *testing.T) {
	dir := shortDir(t)
	stale, err := net.Listen("unix", filepath.Join(dir, client.SocketName))
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if s := open(t, reach.Way{Config: app.Config{DataDir: dir}}); s.Own == nil {
		t.Fatal("a dead socket was taken for a server")
	}
}
