package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// binaryDir is where the run's one binary goes; TestMain sets and removes it.
var binaryDir string

func TestMain(m *testing.M) {
	if serveRole() {
		return
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "valetkey-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaryDir = dir
	return m.Run()
}

// builtBinary builds cmd/valetkey on first use and gives its path. It is a
// plain build, as users have it, even when the tests run under -race.
var builtBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "valetkey")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", path, "./cmd/valetkey")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build ./cmd/valetkey: %w\n%s", err, out)
	}
	return path, nil
})

func binary(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: building the binary takes its time")
	}
	path, err := builtBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// result is what a finished command left behind.
type result struct {
	stdout string
	stderr string
	code   int
}

// run runs one valetkey command to its end. env is added to an environment
// that holds no VALETKEY_ variable of the machine's own.
func run(t testing.TB, env []string, args ...string) result {
	t.Helper()
	path := binary(t) // which may have to be built: that is not the command's time
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(cleanEnviron(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("valetkey %s: not done within %v\nstderr: %s", strings.Join(args, " "), patience, &stderr)
	case err != nil && !errors.As(err, &exit):
		t.Fatalf("valetkey %s: %v", strings.Join(args, " "), err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func cleanEnviron() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "VALETKEY_") {
			env = append(env, entry)
		}
	}
	return env
}

// server is a running valetkey serve.
type server struct {
	url    string
	cmd    *exec.Cmd
	log    *logBuffer
	exited chan struct{}
	// readyIn is how long it took from its start until it said where it listens.
	readyIn time.Duration
}

// readyPrefix opens the line on stderr that gives the server's address.
const readyPrefix = "listening on "

// startServe runs valetkey serve on a free port over the data directory, and
// returns once it says where it listens. The test's end kills it.
func startServe(t testing.TB, dataDir string, extra ...string) *server {
	t.Helper()
	return startBinary(t, binary(t), dataDir, extra...)
}

// startBinary is startServe with a binary that need not be of this version.
func startBinary(t testing.TB, path, dataDir string, extra ...string) *server {
	t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--data", dataDir}, extra...)
	cmd := exec.Command(path, args...)
	cmd.Env = cleanEnviron()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatalf("start valetkey serve: %v", err)
	}
	s := &server{cmd: cmd, log: &logBuffer{}, exited: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		s.follow(stderr, ready)
		_ = cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("valetkey serve's stderr:\n%s", s.log)
		}
	})
	select {
	case s.url = <-ready:
		s.readyIn = time.Since(began)
	case <-s.exited:
		t.Fatalf("valetkey serve ended before it was ready (%v):\n%s", cmd.ProcessState, s.log)
	case <-time.After(patience):
		t.Fatalf("valetkey serve was not ready within %v:\n%s", patience, s.log)
	}
	return s
}

// follow keeps the server's stderr and sends the address from its ready line.
func (s *server) follow(stderr io.Reader, ready chan<- string) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.log.add(lines.Text())
		_, address, found := strings.Cut(lines.Text(), readyPrefix)
		if !found || !strings.HasPrefix(address, "http") {
			continue
		}
		select {
		case ready <- strings.Fields(address)[0]:
		default:
		}
	}
}

// stop asks the server to end as an operator would, and waits for its exit code.
func (s *server) stop(t testing.TB) int {
	t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatalf("stop valetkey serve: %v", err)
	}
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Fatalf("valetkey serve did not stop within %v:\n%s", patience, s.log)
	}
	return s.cmd.ProcessState.ExitCode()
}

// kill ends the server at once, as a power cut would, and waits until it is gone.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
}

// logBuffer collects lines from one goroutine for another to read.
type logBuffer struct {
	mu    sync.Mutex
	lines []string
}

func (l *logBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// residentMiB is the server's resident memory now.
func (s *server) residentMiB(t testing.TB) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if text, found := strings.CutPrefix(line, "VmRSS:"); found {
			var kib float64
			if _, err := fmt.Sscanf(text, "%f kB", &kib); err != nil {
				t.Fatal(err)
			}
			return kib / 1024
		}
	}
	t.Fatal("the kernel does not tell the resident memory")
	return 0
}
