package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// reader is somebody with a shell, a browser and one page of the
// documentation. docs_test.go has the rules.
type reader struct {
	t       *testing.T
	page    string
	dir     string
	script  strings.Builder
	env     []string
	swap    *strings.Replacer
	opened  chan string
	browser *browser
}

// preamble makes each command leave its output and exit code behind, and ends
// the shell at the first code that the page does not promise.
const preamble = `
n=0
begin() { n=$((n+1)); printf '%s\n' "$2" >"$OUT/$n.typed"; }
judge() {
	printf '%s\n' "$code" >"$OUT/$n.code"
	case " $1 " in *" $code "*) ;; *)
		printf 'exit code %s, not %s: %s\n' "$code" "$1" "$2" >&2
		cat "$OUT/$n.out" "$OUT/$n.err" >&2
		exit 1 ;;
	esac
}
step() { begin "$@"; code=0; eval "$2" >"$OUT/$n.out" 2>"$OUT/$n.err" || code=$?; judge "$@"; }
serving() {
	begin "$@"
	eval "$2 &" >"$OUT/$n.out" 2>"$OUT/$n.err"
	until grep -q -e 'listening on' -e 'connect to it' -e 'msg=connected' "$OUT/$n.out" "$OUT/$n.err"; do
		kill -0 $! || { cat "$OUT/$n.err" >&2; exit 1; }
		sleep 0.05
	done
}
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
`

func newReader(t *testing.T, page string) *reader {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: it builds and runs the binary")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the pages are read at a Linux shell, with xdg-open and /proc")
	}
	r := &reader{t: t, page: page, dir: t.TempDir(), opened: make(chan string, 4), browser: newBrowser(t, "maria")}
	desk := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { r.opened <- q.FormValue("address") }))
	t.Cleanup(desk.Close)
	bin, out := filepath.Join(r.dir, "bin"), filepath.Join(r.dir, "out")
	for _, dir := range []string{bin, out, filepath.Join(r.dir, "work")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(binary(t), filepath.Join(bin, "valetkey")); err != nil {
		t.Fatal(err)
	}
	r.write("bin/xdg-open", "#!/bin/sh\nexec curl -sS --data-urlencode \"address=$1\" \"$DESK\"\n", 0o700)
	r.write(".curlrc", "silent\nfail\n", 0o600) // an answer of 400 or above is a failure
	r.write("work/secret.txt", "made-up-secret\n", 0o600)
	for _, block := range blocks(readPage(t, page), "yaml") {
		r.write("work/contoso.yaml", block, 0o600)
	}
	listen, practice := freePort(t), freePort(t)
	r.env = append(cleanEnviron(), "PATH="+bin+":"+os.Getenv("PATH"), "DESK="+desk.URL, "OUT="+out, "CURL_HOME="+r.dir, "GOBIN="+bin, "CGO_ENABLED=0",
		"VALETKEY_DATA="+filepath.Join(r.dir, "data"), "VALETKEY_LISTEN=127.0.0.1:"+listen)
	r.swap = strings.NewReplacer(
		"8539", listen,
		"8540", practice,
		"'THE SECRET IT PRINTED'", `"$(awk '/^client secret/ {print $3}' "$OUT/1.out")"`,
		"https://login.example.com --client-id abc", "http://127.0.0.1:"+practice+" --client-id practice",
		"https://api.example.com/v2", "http://127.0.0.1:"+practice+"/v1.0",
		"https://valetkey.example.com", "http://127.0.0.1:"+listen,
		"/run/secrets/valetkey", filepath.Join(r.dir, "key"),
		"go run ./cmd/valetkey demo", "go run ./cmd/valetkey demo --yes --once",
		"./test.sh", "bash -n ./test.sh",
		"./bench.sh start 11", "./bench.sh start 1",
		"./bench.sh proxy 400ms 5", "./bench.sh proxy 1ms 1",
		"-bench .", "-bench . -benchtime 1x",
	)
	r.script.WriteString(preamble)
	return r
}

func (r *reader) write(name, text string, mode os.FileMode) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), mode); err != nil {
		r.t.Fatal(err)
	}
}

// freePort gives a port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// types adds commands to what will be typed.
func (r *reader) types(typed []string) {
	r.t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, command := range typed {
		verb, codes := "step", r.codes(command)
		if strings.HasPrefix(command, "export VALETKEY_URL") { // the key that is said to lie there
			fmt.Fprintf(&r.script, "(umask 077; valetkey key create elsewhere >%s)\n", filepath.Join(r.dir, "key"))
		}
		if strings.HasPrefix(command, "valetkey serve") || strings.HasPrefix(command, "valetkey sandbox") || strings.HasPrefix(command, "valetkey agent run") {
			verb = "serving"
			command, _, _ = strings.Cut(command, " &")
		}
		command = r.swap.Replace(command)
		if strings.Contains(" "+command, " ./") { // written for the repository's directory
			command = "(cd " + quoted(root) + "; " + command + "\n)"
		}
		fmt.Fprintf(&r.script, "%s %s %s\n", verb, quoted(codes), quoted(command))
	}
}

// codes are the exit codes that the command may end with.
func (r *reader) codes(command string) string {
	for _, o := range outcomes() {
		if o.page == r.page && strings.HasPrefix(command, o.prefix) {
			return o.codes
		}
	}
	return "0"
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// play runs the shell, with the person at the browser while it runs.
func (r *reader) play() {
	r.t.Helper()
	cmd := exec.Command("bash", "-c", r.script.String())
	cmd.Dir, cmd.Env = filepath.Join(r.dir, "work"), r.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second // a server that it left behind holds the pipe
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	r.t.Cleanup(func() { _ = cmd.Process.Kill() })
	steps, limit := 0, patience
	if strings.Contains(r.script.String(), "./bench.sh") || strings.Contains(r.script.String(), "go run") {
		limit *= 4 // it compiles first
	}
	for {
		select {
		case address := <-r.opened:
			r.consents(address)
		case err := <-done:
			if err != nil {
				r.t.Fatalf("%s: %v\n%s", r.page, err, &said)
			}
			return
		case <-time.After(limit):
			if now := r.steps(); now > steps { // a page may be long; a command may not
				steps = now
				continue
			}
			_ = cmd.Process.Kill()
			<-done // nobody writes what was said any more
			r.t.Fatalf("%s: nothing happened for %v\n%s", r.page, limit, &said)
		}
	}
}

// steps is how many commands were begun and ended so far.
func (r *reader) steps() int {
	r.t.Helper()
	left, err := os.ReadDir(filepath.Join(r.dir, "out"))
	if err != nil {
		r.t.Fatal(err)
	}
	return len(left)
}

// consents is the person at the browser.
func (r *reader) consents(address string) {
	r.t.Helper()
	r.browser.stopAt = "https://"
	at := r.browser.visit(r.t, address, answerPractice)
	r.browser.stopAt = ""
	if at.Status == http.StatusOK {
		return
	}
	asked, err := url.Parse(at.URL)
	if err != nil || asked.Scheme != "https" {
		r.t.Fatalf("%s: the browser ended at %s with %d\n%s", r.page, at.URL, at.Status, at.Body)
	}
	query := asked.Query()
	if query.Get("code_challenge_method") != "S256" || !wellAsked(asked) {
		r.t.Errorf("%s: the provider was asked %s", r.page, at.URL)
	}
	decline := url.Values{"error": {"access_denied"}, "state": {query.Get("state")}}
	if at := r.browser.open(r.t, query.Get("redirect_uri")+"?"+decline.Encode()); at.Status < 400 {
		r.t.Errorf("%s: declining led to %s with %d", r.page, at.URL, at.Status)
	}
}

// wellAsked tells whether a real provider was asked in a way that gives a
// refresh token.
func wellAsked(asked *url.URL) bool {
	query := asked.Query()
	switch asked.Host {
	case "login.microsoftonline.com":
		return strings.HasPrefix(asked.Path, "/contoso.onmicrosoft.com/") && strings.Contains(query.Get("scope"), "offline_access")
	case "accounts.google.com":
		return query.Get("access_type") == "offline" && query.Get("prompt") == "consent" && strings.Contains(query.Get("scope"), "calendar.readonly")
	default:
		return false
	}
}

// answerPractice fills in the practice provider's pages.
func answerPractice(at page) (*http.Request, error) {
	form, err := formOf(at)
	if err != nil || form == nil {
		return nil, err
	}
	switch form.values.Get("step") {
	case "login":
		form.values.Set("username", "maria")
		form.values.Set("password", "practice")
	case "consent":
		form.values.Set("action", "allow")
	default:
		return nil, nil
	}
	return form.submit(at.URL)
}

func formOf(at page) (*form, error) {
	doc, err := html.Parse(strings.NewReader(at.Body))
	if err != nil {
		return nil, err
	}
	return findForm(doc), nil
}
