package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// User owns the cluster; over TCP it must show [Password].
	User = "valetkey"
	// Password is the user's. It must not show up in any message.
	Password = "pg-s3cret:/@?%"

	// startLimit bounds how long a server may take to accept connections.
	startLimit = 30 * time.Second
	// pause is between two looks at whether it does.
	pause = 20 * time.Millisecond
)

// Server is a running PostgreSQL.
type Server struct {
	dir     string
	bin     string
	port    int
	process *os.Process
	ended   chan string // why
	output  bytes.Buffer
	schemas atomic.Int64
}

// Start makes a cluster and runs a server on it until the test ends. Tests
// with -short are skipped; without PostgreSQL on the machine they fail.
func Start(t testing.TB) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a PostgreSQL server")
	}
	bin := binaries(t)
	// Not t.TempDir: its parent is closed to the user that runs the server, and
	// a socket's path must be short.
	dir, err := os.MkdirTemp("", "vkpg")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, giveAway(dir))
	password := filepath.Join(dir, "password")
	must(t, os.WriteFile(password, []byte(Password+"\n"), 0o644))
	s := &Server{dir: dir, bin: bin}
	initdb := exec.CommandContext(t.Context(), filepath.Join(bin, "initdb"), "-D", s.data(), "-U", User, "-N", "-E", "UTF8",
		"--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile="+password)
	initdb.Dir = dir
	initdb.SysProcAttr = unprivileged()
	if output, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, output)
	}
	s.Restart(t)
	t.Cleanup(func() { s.end(syscall.SIGQUIT) })
	return s
}

// binaries finds where initdb and postgres lie.
func binaries(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(real)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	must(t, err)
	if len(found) == 0 {
		t.Fatal("there is no PostgreSQL on this machine; run ./test.sh, which installs it")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1])
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Port is where the server listens on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// Restart runs the server on its data, at the same port as before if it ran,
// and returns when it accepts connections.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.port == 0 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		s.port = listener.Addr().(*net.TCPAddr).Port
		must(t, listener.Close())
	}
	command := exec.Command(filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=16MB", "-c", "max_connections=100")
	command.Dir = s.dir
	command.SysProcAttr = unprivileged()
	s.output.Reset()
	command.Stdout, command.Stderr = &s.output, &s.output
	started, ended := make(chan error), make(chan string, 1)
	go func() {
		// The server is told to end when this thread does, so it must live as long.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			ended <- fmt.Sprint(command.Wait())
		}
	}()
	must(t, <-started)
	s.process, s.ended = command.Process, ended
	s.await(t)
}

// File writes a file into the data directory that only the server may read.
func (s *Server) File(t testing.TB, name string, content []byte) {
	t.Helper()
	path := filepath.Join(s.data(), name)
	must(t, os.WriteFile(path, content, 0o600))
	must(t, giveAway(path))
}

// RestartAsReplica runs the server as a hot standby, which takes no writes.
func (s *Server) RestartAsReplica(t testing.TB) {
	t.Helper()
	s.Stop()
	s.File(t, "standby.signal", nil)
	s.Restart(t)
}

// Promote makes a replica the primary, and returns when it takes writes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	s.Exec(t, "SELECT pg_promote()")
}

// await returns when the server accepts connections.
func (s *Server) await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.Socket())
		if err == nil {
			must(t, conn.Close(ctx))
			return
		}
		select {
		case ended := <-s.ended:
			s.process = nil
			t.Fatalf("postgres ended: %s\n%s", ended, s.output.String())
		case <-ctx.Done():
			t.Fatalf("postgres does not start: %v", err)
		case <-time.After(pause):
		}
	}
}

// Stop ends the server as an administrator does: connections are cut, data is
// written.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

// Kill ends the server without a word to anyone, as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGQUIT) }

func (s *Server) end(signal os.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Signal(signal)
	<-s.ended
	s.process = nil
}

// Socket is the address of the database "postgres" through the unix socket,
// which asks for no password.
func (s *Server) Socket() string {
	return fmt.Sprintf("postgres://%s@/postgres?host=%s&port=%d", User, url.QueryEscape(s.dir), s.port)
}

// Address is a database's address over TCP, with the password.
func (s *Server) Address(database string) *url.URL {
	return &url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(User, Password),
		Host:   net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:   "/" + database,
	}
}

// URL is the address of a new, empty schema.
func (s *Server) URL(t testing.TB) string {
	t.Helper()
	schema := fmt.Sprintf("s%d", s.schemas.Add(1))
	s.Exec(t, "CREATE SCHEMA "+schema)
	address := s.Address("postgres")
	address.RawQuery = url.Values{"search_path": {schema}}.Encode()
	return address.String()
}

// Version is the server's major version.
func (s *Server) Version(t testing.TB) (major int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Socket())
	must(t, err)
	defer func() { must(t, conn.Close(t.Context())) }()
	must(t, conn.QueryRow(t.Context(), `SELECT current_setting('server_version_num')::int / 10000`).Scan(&major))
	return major
}

// Exec runs statements in the database "postgres" as its superuser.
func (s *Server) Exec(t testing.TB, statements string) {
	t.Helper()
	s.ExecAt(t, s.Socket(), statements)
}

// ExecAt runs statements at an address, as another program would.
func (s *Server) ExecAt(t testing.TB, address, statements string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, address)
	must(t, err)
	defer func() { must(t, conn.Close(ctx)) }()
	if _, err := conn.PgConn().Exec(ctx, statements).ReadAll(); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
