package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

func TestTimesAreShownWithTheirDistance(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	p := &program{env: Env{Now: func() time.Time { return now }}}
	at := func(d time.Duration) *time.Time { moved := now.Add(d); return &moved }
	for _, c := range []struct {
		when *time.Time
		want string
	}{
		{nil, "-"},
		{&time.Time{}, "-"},
		{at(42 * time.Second), "2026-01-02 03:04:47 (in 42s)"},
		{at(-90 * time.Second), "2026-01-02 03:02:35 (1m30s ago)"},
		{at(61 * time.Minute), "2026-01-02 04:05:05 (in 1h01m)"},
		{at(100 * time.Hour), "2026-01-06 07:04:05 (in 4 days)"},
	} {
		if got := p.when(c.when); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestATableCellStaysOnItsLine(t *testing.T) {
	var out bytes.Buffer
	p := &program{streams: Streams{Out: &out}, flags: globalFlags{output: "table"}}
	if err := p.print(nil, func(w io.Writer) { row(w, "a\nb", "c\x1b[1m", "") }); err != nil {
		t.Fatal(err)
	}
	if out.String() != "a b  c [1m\n" {
		t.Errorf("%q", out.String())
	}
}

func TestYAMLHasTheNamesOfJSON(t *testing.T) {
	var out bytes.Buffer
	if err := writeYAML(&out, api.Client{Name: "a", ClientID: "007", Provider: "<p>"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"client_id: \"007\"", "provider: <p>"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

func TestASecretComesFromAFileOrStdin(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := dir + "/" + name
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ name, path, stdin, want string }{
		{"a file", write("a", "s3 cret\n"), "", "s3 cret"},
		{"a file from Windows", write("b", "s\r\n"), "", "s"},
		{"without a line end", write("c", "s"), "", "s"},
		{"its own spaces stay", write("d", " s \n"), "", " s "},
		{"stdin", "-", "piped\n", "piped"},
		{"an empty file", write("e", "\n"), "", ""},
		{"no file", dir + "/none", "", ""},
		{"a file too long", write("f", strings.Repeat("x", maxSecret+2)), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &program{streams: Streams{In: strings.NewReader(c.stdin), Err: io.Discard}}
			got, err := p.readSecret(context.Background(), c.path, "secret")
			if string(got) != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q %v", string(got), err)
			}
			if err != nil && strings.Contains(err.Error(), "xxx") {
				t.Error("the secret stands in the error")
			}
		})
	}
}

func TestTheSandboxPrintsHowToUseItAndEndsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- Main(ctx, []string{"sandbox", "--listen", "127.0.0.1:0", "--faults", "api_429=1"}, Streams{Out: writer, Err: writer}, Env{})
		_ = writer.Close()
	}()
	var said strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(said.String(), "offline_access\n") || !strings.Contains(said.String(), "valetkey connect") {
		n, err := reader.Read(buffer)
		said.Write(buffer[:n])
		if err != nil {
			t.Fatal(err, said.String())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	for _, want := range []string{"issuer ", "client secret ", "test user ", "maria", "--issuer http://127.0.0.1:"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, said.String())
		}
	}
	cancel()
	if got := <-code; got != 0 {
		t.Error("ended with", got)
	}
}
