package cli

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/demo"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// runUntil runs a command and cancels it when what it prints holds mark.
func runUntil(t *testing.T, mark string, env Env, args ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, args, Streams{In: strings.NewReader(""), Out: writer, Err: writer}, env)
		_ = writer.Close()
	}()
	var all bytes.Buffer
	buffer := make([]byte, 4096)
	for {
		n, err := reader.Read(buffer)
		all.Write(buffer[:n])
		if strings.Contains(all.String(), mark) {
			cancel()
		}
		if err != nil {
			return <-ended, all.String()
		}
	}
}

func environment(t *testing.T) Env {
	values := map[string]string{"VALETKEY_DATA": filepath.Join(t.TempDir(), "d"), "VALETKEY_LISTEN": "127.0.0.1:0", "TMPDIR": t.TempDir()}
	return Env{Getenv: func(name string) string { return values[name] }}
}

func TestTheDemoStaysUntilItIsTold(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a token to expire")
	}
	env := environment(t)
	// The person at the browser, for once without --yes.
	env.Browser = func(url string) error {
		j, err := demo.NewJourney(sandbox.Credentials{Username: "maria", Password: "practice"})
		if err != nil {
			return err
		}
		return j.Run(t.Context(), url)
	}
	code, said := runUntil(t, "until you press Ctrl-C", env, "demo")
	if code != 0 {
		t.Errorf("ended with %d:\n%s", code, said)
	}
	for _, want := range []string{"Your browser opens", "All 8 steps worked"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
}

func TestAnInterruptedConnectSaysThatNobodyListensAnyMore(t *testing.T) {
	s, err := demo.StartProvider(t.Context(), "127.0.0.1:0", sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	code, said := runUntil(t, "/oauth/start/", environment(t),
		"connect", "mail", "--issuer", s.Credentials().Issuer, "--client-id", s.Credentials().PublicClientID, "--no-browser")
	if code != 1 || !strings.Contains(said, "error: interrupted") || !strings.Contains(said, "hint: nobody listens") {
		t.Errorf("ended with %d:\n%s", code, said)
	}
}

func TestABrowserThatCannotBeStartedIsNoFailure(t *testing.T) {
	s, err := demo.StartProvider(t.Context(), "127.0.0.1:0", sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	env := environment(t)
	env.Browser = func(string) error { return io.EOF }
	env.Now = func() time.Time { return time.Now() }
	_, said := runUntil(t, "open the address above by hand", env,
		"connect", "mail", "--issuer", s.Credentials().Issuer, "--client-id", s.Credentials().PublicClientID)
	if !strings.Contains(said, "error: interrupted") {
		t.Error(said)
	}
}

func TestAPortThatIsLeftOpenIsChosenBeforeTheRedirectURIIsShown(t *testing.T) {
	s, err := demo.StartProvider(t.Context(), "127.0.0.1:0", sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	code, said := runUntil(t, "next: valetkey call mail", func() Env {
		env := environment(t) // it listens on 127.0.0.1:0
		env.Browser = func(url string) error {
			j, err := demo.NewJourney(sandbox.Credentials{Username: "maria", Password: "practice"})
			if err != nil {
				return err
			}
			return j.Run(t.Context(), url)
		}
		return env
	}(), "connect", "mail", "--issuer", s.Credentials().Issuer, "--client-id", s.Credentials().PublicClientID, "--scope", "User.Read")
	if code != 0 || strings.Contains(said, "127.0.0.1:0/") || !strings.Contains(said, "/oauth/callback") {
		t.Errorf("ended with %d:\n%s", code, said)
	}
}

func TestOAuth21_8_5_4_ThePortIsOpenOnLoopbackAndWhileTheFlowRuns(t *testing.T) {
	s, err := demo.StartProvider(t.Context(), "127.0.0.1:0", sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := free.Addr().String()
	free.Close()
	env, open := environment(t), false
	before := env.Getenv
	env.Getenv = func(name string) string {
		if name == "VALETKEY_LISTEN" {
			return host
		}
		return before(name)
	}
	env.Browser = func(address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		connection, err := net.Dial("tcp", u.Host)
		if err == nil {
			open = true
			connection.Close()
		}
		return io.EOF
	}
	_, said := runUntil(t, "open the address above by hand", env,
		"connect", "mail", "--issuer", s.Credentials().Issuer, "--client-id", s.Credentials().PublicClientID)
	if !open || !strings.Contains(said, "http://"+host+"/oauth/start/") {
		t.Fatalf("open %t at %q:\n%s", open, host, said)
	}
	if connection, err := net.Dial("tcp", host); err == nil {
		connection.Close()
		t.Error("after the flow somebody still listens")
	}
}
