package demo

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
)

func options(t *testing.T) (Options, *bytes.Buffer) {
	var out bytes.Buffer
	return Options{
		Server:   app.Config{DataDir: filepath.Join(t.TempDir(), "d"), Listen: "127.0.0.1:0"},
		Out:      &out,
		ByItself: true,
		Once:     true,
		Await: func(ctx context.Context, c *client.Client, _ string, a api.Authorization) error {
			_, err := c.Flows.Wait(ctx, a.Flow)
			return err
		},
	}, &out
}

func TestEveryStepProvesWhatItTells(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a token to expire")
	}
	o, out := options(t)
	for _, round := range []string{"first", "again on the same data"} {
		out.Reset()
		if err := Run(t.Context(), o); err != nil {
			t.Fatalf("%s: %v\n%s", round, err, out)
		}
		for _, want := range []string{
			"1. The server and a practice provider", `GET /me → "Maria`, "the token was renewed", "Refused (4",
			"All 8 steps worked", "look: valetkey --data " + o.Server.DataDir + " show practice",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", round, want, out)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(o.Server.DataDir, "valetkey.db")); err != nil {
		t.Error("the data is not where the caller wants it:", err)
	}
}

func TestAnAuthorizationThatNobodyFinishedEndsTheRun(t *testing.T) {
	o, out := options(t)
	o.ByItself = false
	opened := ""
	o.Browser = func(url string) error { opened = url; return errors.New("no display") }
	nobody := errors.New("nobody came")
	o.Await = func(context.Context, *client.Client, string, api.Authorization) error { return nobody }
	if err := Run(t.Context(), o); !errors.Is(err, nobody) {
		t.Errorf("ended with %v", err)
	}
	if opened == "" || !strings.Contains(out.String(), "go to "+opened) || !strings.Contains(out.String(), "no browser could be started") {
		t.Errorf("opened %q, told\n%s", opened, out)
	}
	if strings.Contains(out.String(), "4. ") {
		t.Error("the steps went on")
	}
}

func TestAConnectionWithoutATokenIsNoProof(t *testing.T) {
	o, out := options(t)
	o.ByItself = false
	o.Browser = func(string) error { return nil }
	o.Await = func(context.Context, *client.Client, string, api.Authorization) error { return nil }
	if err := Run(t.Context(), o); !fault.Is(err, api.CodeInternal) {
		t.Errorf("ended with %v after\n%s", err, out)
	}
}

func TestADataDirectoryThatCannotBeMadeIsAnError(t *testing.T) {
	o, _ := options(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Server.DataDir = filepath.Join(file, "d")
	if err := Run(t.Context(), o); err == nil {
		t.Error("it ran without a data directory")
	}
}
