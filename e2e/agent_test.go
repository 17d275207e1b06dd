package e2e

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// plant is a private network: an API that the server may not reach by itself,
// and the agent that leads there.
type plant struct {
	t      *testing.T
	server *server
	env    []string // of commands at the server
	key    string
	api    *httptest.Server
	calls  atomic.Int32  // that reached the API
	hold   chan struct{} // POST /slow answers when it is closed
	begun  chan struct{} // a POST /slow has arrived
	token  string
	secret string // the connection's access token
}

// newPlant has a server on loopback that may reach nothing private, and a
// connection "erp" to an API on loopback, through the agent "plant".
func newPlant(t *testing.T) *plant {
	t.Helper()
	p := &plant{t: t, hold: make(chan struct{}), begun: make(chan struct{}, 4), secret: "canary-erp-token-4711"}
	p.api = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.api.Close)
	dir := t.TempDir()
	p.server = startServe(t, dir, "--allow-private", "192.0.2.0/24")
	p.env = []string{"VALETKEY_DATA=" + dir}
	p.key = callersKey(t, p.env)
	p.token = strings.TrimSpace(mustRun(t, p.env, "agent", "add", "plant", "--description", "in Graz"))
	mustRun(t, p.env, "apply", "-f", p.file("erp.yaml", `
providers:
  contoso: {authorization_endpoint: https://login.contoso.example/authorize, token_endpoint: https://login.contoso.example/token}
clients:
  erp: {provider: contoso, client_id: x}
connections:
  erp: {client: erp, api: {base_url: "`+p.api.URL+`", agent: plant}}
  direct: {client: erp, api: {base_url: "`+p.api.URL+`"}}
`))
	for _, name := range []string{"erp", "direct"} {
		mustRun(t, p.env, "import", "token", p.file(name+".json", `{"access_token":"`+p.secret+`","expires_in":3600}`), "--name", name)
	}
	return p
}

func (p *plant) file(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

func (p *plant) serve(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	if r.Header.Get("Authorization") != "Bearer "+p.secret {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/slow" {
		p.begun <- struct{}{}
		select {
		case <-p.hold:
		case <-r.Context().Done():
			return
		}
	}
	_, _ = fmt.Fprintf(w, `{"method":%q,"path":%q,"length":%d}`, r.Method, r.URL.Path, len(body))
}

// started is a valetkey agent run.
type started struct {
	cmd    *exec.Cmd
	log    *logBuffer
	exited chan struct{}
}

// agent runs the built binary until it says that it is connected.
func (p *plant) agent(allow string) *started {
	p.t.Helper()
	return p.runs(nil, "--url", p.server.url, "-v", "--allow", allow)
}

func (p *plant) runs(env []string, args ...string) *started {
	p.t.Helper()
	a := &started{cmd: exec.Command(binary(p.t), append([]string{"agent", "run"}, args...)...), log: &logBuffer{}, exited: make(chan struct{})}
	a.cmd.Env = append(append(cleanEnviron(), "VALETKEY_AGENT_TOKEN_FILE="+p.file("token", p.token+"\n")), env...)
	stderr, err := a.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = a.cmd.Process.Kill(); <-a.exited })
	connected := make(chan struct{})
	go func() {
		defer close(a.exited)
		for lines, once := bufio.NewScanner(stderr), false; lines.Scan(); {
			a.log.add(lines.Text())
			if !once && strings.Contains(lines.Text(), "msg=connected server=") {
				once = true
				close(connected)
			}
		}
		_ = a.cmd.Wait()
	}()
	select {
	case <-connected:
	case <-a.exited:
		p.t.Fatalf("the agent ended:\n%s", a.log)
	case <-time.After(patience):
		p.t.Fatalf("the agent is not connected:\n%s", a.log)
	}
	return a
}

func (a *started) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-a.exited:
		return a.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the agent goes on:\n%s", a.log)
		return 0
	}
}

// send makes a call through the proxy.
func (p *plant) send(method, target, body string) (int, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.server.url+"/proxy"+target, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+p.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func (p *plant) host() string { return strings.TrimPrefix(p.api.URL, "http://") }

// listed is the agent as the server lists it, once want says so of it.
func (p *plant) listed(want func(api.Agent) bool) api.Agent {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var list api.AgentList
		if err := json.Unmarshal([]byte(mustRun(p.t, p.env, "agent", "list", "-o", "json")), &list); err != nil {
			p.t.Fatal(err)
		}
		if want(list.Agents[0]) {
			return list.Agents[0]
		}
		if time.Now().After(end) {
			p.t.Fatalf("it is listed as %+v", list.Agents)
		}
	}
}

func TestAnAPIInAPrivateNetworkIsReachedThroughItsAgentAlone(t *testing.T) {
	p := newPlant(t)
	if status, text := p.send("GET", "/direct/orders", ""); status != 409 || !strings.Contains(text, "a loopback address") {
		t.Fatalf("the server reached it by itself: %d %s", status, text)
	}
	status, text := p.send("GET", "/erp/orders", "")
	if status != 503 || !strings.Contains(text, "the agent plant is not connected") || !strings.Contains(text, "valetkey agent run --url") {
		t.Errorf("without an agent: %d %s", status, text)
	}
	a := p.agent(p.host())
	if status, text := p.send("POST", "/erp/orders", strings.Repeat("x", 200_000)); status != 200 || !strings.Contains(text, `"length":200000`) {
		t.Errorf("%d %s", status, text)
	}
	for range 3 {
		if status, text := p.send("GET", "/erp/orders/1", ""); status != 200 || !strings.Contains(text, `"path":"/orders/1"`) {
			t.Errorf("%d %s", status, text)
		}
	}
	if status, _ := p.send("GET", "/direct/orders", ""); status != 409 {
		t.Errorf("a connection without the agent goes through it: %d", status)
	}
	seen := p.listed(func(a api.Agent) bool { return a.State == api.AgentOnline })
	if len(seen.Tunnels) != 1 || !seen.Tunnels[0].Here || seen.Tunnels[0].Allow[0] != p.host() || seen.Tunnels[0].Address != "127.0.0.1" {
		t.Errorf("it is listed as %+v", seen)
	}
	if err := a.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := a.wait(t); code != 0 {
		t.Errorf("told to stop, the agent left exit code %d:\n%s", code, a.log)
	}
	p.listed(func(a api.Agent) bool { return a.State == api.AgentOffline })
}

func TestTheAgentDecidesWhatIsReached(t *testing.T) {
	p := newPlant(t)
	a := p.agent("erp.contoso.internal:443")
	status, text := p.send("GET", "/erp/orders", "")
	if status != 409 || !strings.Contains(text, "--allow "+p.host()) || p.calls.Load() != 0 {
		t.Errorf("%d %s", status, text)
	}
	for end := time.Now().Add(patience); !strings.Contains(a.log.String(), "add --allow "+p.host()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the agent says nothing of it:\n%s", a.log)
		}
	}
}

func TestP25_AnAgentThatIsKilledInTheMiddleOfARequestDoesNothingTwice(t *testing.T) {
	p := newPlant(t)
	a := p.agent(p.host())
	type answer struct {
		status int
		text   string
	}
	got := make(chan answer, 1)
	go func() {
		status, text := p.send("POST", "/erp/slow", "an order")
		got <- answer{status, text}
	}()
	select {
	case <-p.begun:
	case <-time.After(patience):
		t.Fatal("the request did not arrive")
	}
	_ = a.cmd.Process.Kill()
	select {
	case told := <-got:
		if told.status != 502 || !strings.Contains(told.text, `"retry_safe":false`) || !strings.Contains(told.text, "the agent plant was lost") {
			t.Errorf("%d %s", told.status, told.text)
		}
	case <-time.After(patience):
		t.Fatal("the caller was told nothing")
	}
	p.agent(p.host())
	if status, text := p.send("POST", "/erp/orders", "another"); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	if calls := p.calls.Load(); calls != 2 {
		t.Errorf("the API was called %d times", calls)
	}
}

func TestP25_ARequestThatMayBeRepeatedGoesThroughTheNextTunnel(t *testing.T) {
	p := newPlant(t)
	a := p.agent(p.host())
	got := make(chan int, 1)
	go func() {
		status, _ := p.send("GET", "/erp/slow", "")
		got <- status
	}()
	select {
	case <-p.begun:
	case <-time.After(patience):
		t.Fatal("the request did not arrive")
	}
	_ = a.cmd.Process.Kill()
	<-a.exited
	p.agent(p.host())
	close(p.hold)
	select {
	case status := <-got:
		if status != 200 {
			t.Errorf("answered %d", status)
		}
	case <-time.After(patience):
		t.Fatal("the caller was told nothing")
	}
}

func TestP27_TheSecondProcessOfAnAgentEndsTheFirst(t *testing.T) {
	p := newPlant(t)
	old := p.agent(p.host())
	p.agent(p.host())
	if code := old.wait(t); code != 1 || !strings.Contains(old.log.String(), "another process now runs as the agent plant") {
		t.Errorf("exit code %d:\n%s", code, old.log)
	}
	if status, text := p.send("GET", "/erp/orders", ""); status != 200 {
		t.Errorf("%d %s", status, text)
	}
}

func TestAnAgentComesBackWhenTheServerDoes(t *testing.T) {
	p := newPlant(t)
	a := p.agent(p.host())
	address := strings.TrimPrefix(p.server.url, "http://")
	if code := p.server.stop(t); code != 0 {
		t.Fatalf("the server left exit code %d", code)
	}
	dir, _ := strings.CutPrefix(p.env[0], "VALETKEY_DATA=")
	p.server = startServe(t, dir, "--listen", address, "--allow-private", "192.0.2.0/24")
	p.listed(func(a api.Agent) bool { return a.State == api.AgentOnline })
	if status, text := p.send("GET", "/erp/orders", ""); status != 200 {
		t.Errorf("%d %s\n%s", status, text, a.log)
	}
}

func TestAnAgentThatIsRemovedEndsAndItsTokenIsWorthNothing(t *testing.T) {
	p := newPlant(t)
	a := p.agent(p.host())
	mustRun(t, p.env, "agent", "remove", "plant")
	if code := a.wait(t); code != 7 || !strings.Contains(a.log.String(), "was removed") {
		t.Errorf("exit code %d:\n%s", code, a.log)
	}
	got := run(t, []string{"VALETKEY_AGENT_TOKEN=" + p.token}, "agent", "run", "--url", p.server.url)
	if got.code != 7 || !strings.Contains(got.stderr, "valetkey agent add NAME") {
		t.Errorf("exit code %d:\n%s", got.code, got.stderr)
	}
	for _, text := range []string{p.server.log.String(), a.log.String(), got.stderr} {
		if strings.Contains(text, p.token) || strings.Contains(text, p.secret) {
			t.Errorf("a log shows a token:\n%s", text)
		}
	}
}

func TestAnAgentSaysWhatItIsNotTold(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  string
		code int
		says string
	}{
		{[]string{}, "A=", 2, "--url https://"},
		{[]string{"--url", "https://valetkey.contoso.example"}, "A=", 2, "VALETKEY_AGENT_TOKEN_FILE"},
		{[]string{"--url", "https://valetkey.contoso.example", "--allow", "erp"}, "VALETKEY_AGENT_TOKEN=va_x", 1, "--allow HOST:PORT"},
		{[]string{"--url", "http://valetkey.contoso.example"}, "VALETKEY_AGENT_TOKEN=va_x", 1, "in clear"},
		{[]string{"--url", "https://valetkey.contoso.example", "--ca", "/none"}, "VALETKEY_AGENT_TOKEN=va_x", 5, "--ca"},
	} {
		got := run(t, []string{c.env}, append([]string{"agent", "run"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stderr, "va_x") {
			t.Errorf("%q: exit code %d\n%s", c.args, got.code, got.stderr)
		}
	}
}

func TestAnAgentGoesOutThroughAProxyAndTrustsTheAuthorityItIsTold(t *testing.T) {
	p := newPlant(t)
	inner, err := url.Parse(p.server.url)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(inner))
	t.Cleanup(front.Close)
	var tunnels atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "example.com:443" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		tunnels.Add(1)
		there, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		defer there.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, buffered); there.Close() }()
		_, _ = io.Copy(here, there)
	}))
	t.Cleanup(proxy.Close)
	ca := p.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})))
	a := p.runs([]string{"HTTPS_PROXY=" + proxy.URL}, "--url", "https://example.com", "--ca", ca, "--allow", p.host())
	if status, text := p.send("POST", "/erp/orders", strings.Repeat("x", 300_000)); status != 200 || !strings.Contains(text, `"length":300000`) {
		t.Errorf("%d %s\n%s", status, text, a.log)
	}
	if tunnels.Load() != 1 {
		t.Errorf("the proxy opened %d tunnels", tunnels.Load())
	}
}
