package arrange

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/manifest"
)

// TestMain is also the program that prints a secret, when it is told how long.
func TestMain(m *testing.M) {
	if text, ok := strings.CutPrefix(os.Args[len(os.Args)-1], "print:"); ok {
		_, _ = io.WriteString(os.Stdout, text)
		return
	}
	if os.Args[len(os.Args)-1] == "flood" {
		for range 3 {
			_, _ = os.Stdout.Write(make([]byte, maxSecret))
		}
		return
	}
	os.Exit(m.Run())
}

func TestAProgramIsRunWithoutAShellAndMayNotFlood(t *testing.T) {
	p := Commands{prompt.New(prompt.Streams{Out: io.Discard, Err: io.Discard}, prompt.Env{})}
	out, err := p.printed(t.Context(), []string{os.Args[0], "print:$HOME; a b"})
	if err != nil || string(out) != "$HOME; a b" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := p.printed(t.Context(), []string{os.Args[0], "flood"}); err == nil {
		t.Error("three megabytes were taken for a secret")
	}
	if _, err := p.printed(t.Context(), []string{"/no/such/program"}); err == nil {
		t.Error("a program that is not there ran")
	}
}

func TestASecretIsReadFromTheKeyringOfTheSystem(t *testing.T) {
	keyring.MockInit()
	if err := keyring.Set("contoso", "app", "hunter2"); err != nil {
		t.Fatal(err)
	}
	if got, err := fromKeyring("contoso", "app"); got != "hunter2" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := fromKeyring("contoso", "other"); !errors.Is(err, manifest.ErrNoSecret) {
		t.Errorf("one that is not there: %v", err)
	}
	keyring.MockInitWithError(errors.New("it is locked"))
	if _, err := fromKeyring("contoso", "app"); err == nil || errors.Is(err, manifest.ErrNoSecret) {
		t.Errorf("one that is locked: %v", err)
	}
}
