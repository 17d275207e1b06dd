package cli

import (
	"context"
	"io"
	"strings"
	"testing"
)

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
