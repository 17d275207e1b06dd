package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

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
			s := Streams{In: strings.NewReader(c.stdin), Err: io.Discard}
			got, err := s.ReadSecret(context.Background(), c.path, "secret")
			if string(got) != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q %v", string(got), err)
			}
			if err != nil && strings.Contains(err.Error(), "xxx") {
				t.Error("the secret stands in the error")
			}
		})
	}
}

func TestAnUnreadableSecretNamesTheFileAndWhy(t *testing.T) {
	_, err := Streams{In: strings.NewReader("")}.ReadSecret(t.Context(), t.TempDir()+"/none", "secret")
	found := fault.As(err)
	if found.Code != api.CodeNeedsConfiguration || !strings.Contains(found.Message, "/none: no such file") || found.Hint == "" {
		t.Errorf("%v, hint %q", err, found.Hint)
	}
}

func TestAnInterruptedPromptIsNoSecret(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Streams{In: iotestError{}}.ReadSecret(ctx, "-", "secret")
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// iotestError is an input that cannot be read.
type iotestError struct{}

// Read implements [io.Reader].
func (iotestError) Read([]byte) (int, error) { return 0, errors.New("gone") }

func TestOnlyAFileCanBeATerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Terminal(file) || Terminal(&bytes.Buffer{}) || Terminal(nil) {
		t.Error("what nobody sits at is a terminal")
	}
}

func TestProgressIsSilentWhereNobodyWatches(t *testing.T) {
	var err bytes.Buffer
	stop := Streams{Err: &err}.Progress(t.Context(), time.Now, "waiting")
	stop()
	if err.Len() != 0 {
		t.Errorf("it wrote %q", err.String())
	}
}

func TestTheReasonIsWhatTheSystemSaid(t *testing.T) {
	_, err := os.Open(t.TempDir() + "/none")
	if got := Reason(err); got != "no such file or directory" {
		t.Error(got)
	}
	if got := Reason(errors.New("other")); got != "other" {
		t.Error(got)
	}
}
