package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/demo"
	"github.com/valetkey/valetkey/internal/sandbox"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"valetkey": func() {
			cobra.EnableCommandSorting = false // as main does
			streams := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
			os.Exit(Main(context.Background(), os.Args[1:], streams, Env{Getenv: os.Getenv}))
		},
		// What opens pages on a desktop, with a person who consents.
		"xdg-open": func() {
			if err := consent(context.Background(), os.Args[1]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		},
	})
}

// TestScripts runs testdata/*.txtar. Besides testscript's own commands they have:
//
//	practice [k=v]…   starts a practice provider: $ISSUER, $API, secret.txt; lifetime=5s, faults=…
//	serve             starts a server on $VALETKEY_DATA: $SERVER; stop stops it
//	exits N CMD…      runs a command that must end with exactly that code
//	consent           opens the address that the last command printed, and consents
//	freeport          sets VALETKEY_LISTEN to a free loopback address
//	keep VAR          sets a variable to what the last command printed
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("VALETKEY_DATA", filepath.Join(env.WorkDir, "d"))
			env.Setenv("NO_PROXY", "*")
			env.Values[servingKey{}] = new(*running)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"practice": startPractice,
			"serve":    startServe,
			"stop":     stopServe,
			"exits":    exits,
			"consent":  consentTo,
			"freeport": freePort,
			"keep":     keep,
		},
	})
}

func startPractice(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	config := sandbox.Config{Issuer: "http://" + listener.Addr().String()}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "lifetime":
			config.TokenLifetime, err = time.ParseDuration(value)
		case "faults":
			config.Faults, err = sandbox.ParseFaults(value)
		default:
			ts.Fatalf("practice: what is %q?", arg)
		}
		ts.Check(err)
	}
	s, err := sandbox.New(config)
	ts.Check(err)
	server := httptest.NewUnstartedServer(s.Handler())
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	ts.Defer(server.Close)
	who := s.Credentials()
	ts.Setenv("ISSUER", who.Issuer)
	ts.Setenv("API", who.APIBaseURL)
	ts.Setenv("CLIENT_ID", who.ClientID)
	ts.Check(os.WriteFile(ts.MkAbs("secret.txt"), []byte(who.ClientSecret+"\n"), 0o600))
}

// running is a server that a script started.
type running struct {
	stop context.CancelFunc
	code chan int
	said *bytes.Buffer // to be read when code is
}

func startServe(ts *testscript.TestScript, _ bool, args []string) {
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	r := &running{stop: stop, code: make(chan int, 1), said: &bytes.Buffer{}}
	go func() {
		code := Main(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), Streams{In: strings.NewReader(""), Out: io.Discard, Err: writer}, Env{Getenv: ts.Getenv})
		_ = writer.Close()
		r.code <- code
	}()
	lines := bufio.NewReader(io.TeeReader(reader, r.said))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			ts.Fatalf("serve ended: %s", r.said)
		}
		if url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on "); found {
			ts.Setenv("SERVER", url)
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	r.keep(ts)
}

// keep remembers the server for stop, and ends it with the script.
func (r *running) keep(ts *testscript.TestScript) {
	*ts.Value(servingKey{}).(**running) = r
	ts.Defer(r.stop)
}

// servingKey is where a script's server is kept.
type servingKey struct{}

func stopServe(ts *testscript.TestScript, _ bool, _ []string) {
	r := *ts.Value(servingKey{}).(**running)
	r.stop()
	if code := <-r.code; code != 0 {
		ts.Fatalf("serve ended with %d: %s", code, r.said)
	}
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	ts.Logf("[stdout]\n%s[stderr]\n%s", ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	if got != want {
		ts.Fatalf("ended with %d, want %d", got, want)
	}
}

func consentTo(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(consent(context.Background(), strings.TrimSpace(ts.ReadFile("stdout"))))
}

// consent is the test user in front of a browser, who denies when $DENY is set.
func consent(ctx context.Context, url string) error {
	j, err := demo.NewJourney(sandbox.Credentials{Username: "maria", Password: "practice"})
	if err != nil {
		return err
	}
	if os.Getenv("DENY") != "" {
		j.Deny()
	}
	return j.Run(ctx, url)
}

func freePort(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("VALETKEY_LISTEN", listener.Addr().String())
	ts.Check(listener.Close())
}

func keep(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}
