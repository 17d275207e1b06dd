package arrange

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/valetkey/valetkey/internal/manifest"
)

const (
	// secretTimeout bounds a command that prints a secret: it may ask for a passphrase.
	secretTimeout = 2 * time.Minute
	// maxSecret bounds what it prints, in bytes.
	maxSecret = 1 << 20
)

// secretSources are where secrets of a manifest come from: all of them on this
// machine, never on the server's.
func (p Commands) secretSources(ctx context.Context) manifest.Environment {
	return manifest.Environment{
		Getenv:   p.Env.Getenv,
		ReadFile: os.ReadFile,
		Run:      func(argv []string) ([]byte, error) { return p.printed(ctx, argv) },
		Keyring:  fromKeyring,
	}
}

// printed runs a program without a shell and returns what it prints. What it
// says on stderr, such as a question, goes to ours.
func (p Commands) printed(ctx context.Context, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, secretTimeout)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, &limited{&out, maxSecret}, p.Streams.Err
	cmd.WaitDelay = time.Second // a grandchild may hold the pipe open
	err := cmd.Run()
	if ctx.Err() != nil && err != nil {
		err = errors.New("it took longer than " + secretTimeout.String())
	}
	return out.Bytes(), err
}

// fromKeyring reads a secret of the operating system's keyring: the Secret
// Service, the macOS Keychain or the Windows Credential Manager.
func fromKeyring(service, name string) (string, error) {
	value, err := keyring.Get(service, name)
	if errors.Is(err, keyring.ErrNotFound) {
		err = manifest.ErrNoSecret
	}
	return value, err
}

// limited takes so many bytes and then no more.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(data []byte) (int, error) {
	if l.left -= len(data); l.left < 0 {
		return 0, errors.New("it printed more than a secret can be")
	}
	return l.to.Write(data)
}
