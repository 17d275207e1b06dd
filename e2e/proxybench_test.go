package e2e

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// benchRole makes the test binary serve instead of test, so that each party of
// the comparison is a process of its own: "upstream", over TLS when there is a
// pair of certificate and key, or "proxy" with the address behind it in
// benchUpstream.
const (
	benchRole     = "VALETKEY_BENCH_ROLE"
	benchUpstream = "VALETKEY_BENCH_UPSTREAM"
	benchPair     = "VALETKEY_BENCH_PAIR" // a file in PEM
	benchRoots    = "SSL_CERT_FILE"       // whom proxies trust
)

// benchToken is what the upstream wants to see; every proxy has to place it.
const benchToken = "bench-token"

// serveRole serves until it is killed, when this process was started for that.
func serveRole() (served bool) {
	var handler http.Handler
	switch os.Getenv(benchRole) {
	case "upstream":
		handler = http.HandlerFunc(benchAnswer)
	case "proxy":
		behind, err := url.Parse(os.Getenv(benchUpstream))
		if err != nil {
			panic(err)
		}
		handler = tunedProxy(behind)
	default:
		return false
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if pair := os.Getenv(benchPair); pair != "" {
		certificate, err := tls.LoadX509KeyPair(pair, pair)
		if err != nil {
			panic(err)
		}
		fmt.Println("https://" + listener.Addr().String())
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}})
	} else {
		fmt.Println("http://" + listener.Addr().String())
	}
	panic(http.Serve(listener, handler))
}

// makePair writes a certificate for 127.0.0.1 with its key, in PEM.
func makePair(b *testing.B) string {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "pair.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

// benchAnswer answers /200 and /10240 with that many bytes.
func benchAnswer(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	size, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	w.Header().Set("Content-Length", strconv.Itoa(size))
	_, _ = w.Write(bytes.Repeat([]byte("x"), size))
}

// tunedProxy is the standard library's proxy as a careful user sets it up.
func tunedProxy(behind *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(behind)
			r.Out.Header.Set("Authorization", "Bearer "+benchToken)
		},
		Transport:  &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024, DisableCompression: true},
		BufferPool: &bufferPool{},
	}
}

type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}

func (p *bufferPool) Put(b []byte) { p.pool.Put(&b) }

// startRole starts this binary in a role and gives its address.
func startRole(b *testing.B, env ...string) party {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return party{address: strings.TrimSpace(address), authorization: "none", pid: cmd.Process.Pid}
}

// startNginx starts nginx with a static header in front of the upstream; it
// gives no address when there is none on this machine.
func startNginx(b *testing.B, upstream string) party {
	b.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		return party{}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	dir := b.TempDir()
	scheme, host, _ := strings.Cut(upstream, "://")
	config := fmt.Sprintf(`daemon off; worker_processes auto; pid %[1]s/pid; error_log %[1]s/log; events { worker_connections 2048; }
http { access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
keepalive_requests 100000000; upstream u { server %[2]s; keepalive 512; keepalive_requests 100000000; }
server { listen %[3]s; location / { proxy_pass %[5]s://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization "Bearer %[4]s"; } } }`,
		dir, host, address, benchToken, scheme)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, "-c", file, "-e", filepath.Join(dir, "log"))
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	return party{address: "http://" + address, authorization: "none", pid: cmd.Process.Pid}
}

// startValetkey starts the built server with one connection to the upstream,
// and gives the address of its proxy with a caller's key.
func startValetkey(b *testing.B, upstream string, env ...string) party {
	b.Helper()
	path, err := builtBinary()
	if err != nil {
		b.Fatal(err)
	}
	data := b.TempDir()
	token := filepath.Join(data, "token.json")
	if err := os.WriteFile(token, []byte(`{"access_token":"`+benchToken+`"}`), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, "serve", "--listen", "127.0.0.1:0", "--data", data)
	cmd.Env = append(cleanEnviron(), env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stderr)
	address := ""
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), readyPrefix)
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	valetkey := func(args ...string) string {
		command := exec.Command(path, append([]string{"--data", data}, args...)...)
		command.Env = cleanEnviron()
		out, err := command.Output()
		if err != nil {
			b.Fatalf("valetkey %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	valetkey("import", "token", token, "--name", "bench", "--provider", "sandbox", "--client-id", "id", "--base-url", upstream)
	// The highest line there is, so that 64 callers of one connection are not
	// measured waiting for each other; docs/performance.md says so.
	admin := valetkey("key", "create", "admin", "--role", "operator")
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPatch, address+"/v1/connections/bench", strings.NewReader(`{"api":{"rate_limit":{"concurrency":50}}}`))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+admin)
	request.Header.Set("Content-Type", "application/merge-patch+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatalf("the line was not lengthened: %s", response.Status)
	}
	key := valetkey("key", "create", "bench", "--connection", "bench")
	return party{address: address + "/proxy/bench", authorization: key, pid: cmd.Process.Pid}
}
