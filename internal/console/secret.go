package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxSecret bounds what is read as a secret, in bytes.
const maxSecret = 64 << 10

// Streams are where a person types and reads.
type Streams struct {
	In  io.Reader
	Err io.Writer // prompts and progress; never results
}

// ReadSecret reads a secret from a file, or with "-" from s.In: without echo
// where a person types it. One trailing line end is not part of it.
func (s Streams) ReadSecret(ctx context.Context, path, prompt string) (api.Secret, error) {
	var data []byte
	var err error
	switch {
	case path != "-":
		data, err = readSome(path)
	case Terminal(s.In):
		fmt.Fprintf(s.Err, "%s: ", prompt)
		data, err = s.readHidden(ctx)
		fmt.Fprintln(s.Err)
	default:
		data, err = io.ReadAll(io.LimitReader(bufio.NewReader(s.In), maxSecret+1))
	}
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the secret cannot be read from %s: %s", path, Reason(err)).
			WithHint("give a file that you can read, or - for stdin")
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case secret == "":
		return "", fault.New(api.CodeNeedsConfiguration, "the secret read from %s is empty", path)
	case len(data) > maxSecret:
		return "", fault.New(api.CodeNeedsConfiguration, "%s is too long to be a secret", path)
	}
	return api.Secret(secret), nil
}

// Reason strips a file error to what the system said.
func Reason(err error) string {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file.Err.Error()
	}
	return err.Error()
}

func readSome(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxSecret+1))
}

// readHidden reads a line without echo. When ctx ends first, the terminal is
// put back as it was.
func (s Streams) readHidden(ctx context.Context) ([]byte, error) {
	file, ok := s.In.(*os.File)
	if !ok {
		return nil, errors.New("not a terminal")
	}
	fd := int(file.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		data []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		data, err := term.ReadPassword(fd)
		typed <- answer{data, err}
	}()
	select {
	case a := <-typed:
		return a.data, a.err
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		return nil, ctx.Err()
	}
}

// Terminal reports whether a person is at the other end of the stream.
func Terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
