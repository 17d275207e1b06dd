package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
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
	"sync/atomic"
	"testing"
	"time"
)

// benchRole makes the test binary serve instead of test, so that each party of
// the comparison is a process of its own: "upstream", or "proxy" with the
// address behind it in benchUpstream.
const (
	benchRole     = "VALETKEY_BENCH_ROLE"
	benchUpstream = "VALETKEY_BENCH_UPSTREAM"
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
	fmt.Println("http://" + listener.Addr().String())
	panic(http.Serve(listener, handler))
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
func startRole(b *testing.B, env ...string) string {
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
	return strings.TrimSpace(address)
}

// startNginx starts nginx with a static header in front of the upstream; it
// gives "" when there is none on this machine.
func startNginx(b *testing.B, upstream string) string {
	b.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		return ""
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	dir := b.TempDir()
	config := fmt.Sprintf(`daemon off; worker_processes auto; pid %[1]s/pid; error_log %[1]s/log; events { worker_connections 2048; }
http { access_log off; client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
keepalive_requests 100000000; upstream u { server %[2]s; keepalive 512; keepalive_requests 100000000; }
server { listen %[3]s; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization "Bearer %[4]s"; } } }`,
		dir, strings.TrimPrefix(upstream, "http://"), address, benchToken)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, "-c", file, "-e", filepath.Join(dir, "log"))
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	return "http://" + address
}

// startValetkey starts the built server with one connection to the upstream,
// and gives the address of its proxy with a caller's key.
func startValetkey(b *testing.B, upstream string) (address, key string) {
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
	cmd.Env = cleanEnviron()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(stderr)
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
	return address + "/proxy/bench", valetkey("key", "create", "bench", "--connection", "bench")
}

// BenchmarkProxy compares, in one run, calls straight to the upstream with
// calls through nginx, the standard library's proxy, and Valetkey. Read the
// ratios. Started by ./bench.sh proxy.
func BenchmarkProxy(b *testing.B) {
	upstream := startRole(b, benchRole+"=upstream")
	through, key := startValetkey(b, upstream)
	parties := []struct{ name, address, authorization string }{
		{"direct", upstream, benchToken},
		{"nginx", startNginx(b, upstream), "none"},
		{"reverseproxy", startRole(b, benchRole+"=proxy", benchUpstream+"="+upstream), "none"},
		{"valetkey", through, key},
	}
	for _, size := range []int{200, 10240} {
		for _, connections := range []int{1, 16, 64, 256} {
			for _, party := range parties {
				if party.address == "" {
					continue
				}
				b.Run(fmt.Sprintf("bytes=%d/connections=%d/%s", size, connections, party.name), func(b *testing.B) {
					load(b, party.address+"/"+strconv.Itoa(size), party.authorization, connections)
				})
			}
		}
	}
}

// load sends b.N requests over so many connections, as little work as a client can do.
func load(b *testing.B, address, authorization string, connections int) {
	target, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	request := []byte("GET " + target.Path + " HTTP/1.1\r\nHost: " + target.Host + "\r\nAuthorization: Bearer " + authorization + "\r\n\r\n")
	var left atomic.Int64
	left.Store(int64(b.N))
	var workers sync.WaitGroup
	begun := time.Now()
	for range connections {
		workers.Go(func() {
			conn, err := net.Dial("tcp", target.Host)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			reader := bufio.NewReaderSize(conn, 16<<10)
			for left.Add(-1) >= 0 {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				if err := skipAnswer(reader); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "requests/s")
}

// skipAnswer reads a 200 with a Content-Length to its end.
func skipAnswer(reader *bufio.Reader) error {
	length := -1
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("answered %q", line)
		}
		if len(line) <= 2 {
			_, err = reader.Discard(length)
			return err
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
}
