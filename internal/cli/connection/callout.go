package connection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
)

// bodyOutput is stdout, or a file that appears whole or not at all: finish is
// told whether what was written is all of it.
func (p Commands) bodyOutput(path string) (out io.Writer, finish func(failed error, whole bool) error, err error) {
	if path == "" {
		return p.Streams.Out, func(failed error, _ bool) error { return failed }, nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, nil, fault.Wrap(err, api.CodeInternal, "cannot write %s: %s", path, console.Reason(err)).
			WithHint("choose a directory that you may write to with --out FILE")
	}
	return file, func(failed error, whole bool) error {
		closed := file.Close()
		if whole && closed == nil {
			if renamed := os.Rename(file.Name(), path); renamed != nil {
				return renamed
			}
			return failed
		}
		_ = os.Remove(file.Name())
		return errors.Join(failed, closed)
	}, nil
}

// writeHead prints status and headers as HTTP/1.1 has them.
func writeHead(w io.Writer, status int, header http.Header) error {
	if _, err := fmt.Fprintf(w, "HTTP/1.1 %d %s\n", status, http.StatusText(status)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if _, err := fmt.Fprintf(w, "%s: %s\n", name, value); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// lastByte notes whether what was written ends within a line.
type lastByte struct {
	io.Writer
	open bool
}

// Write implements [io.Writer].
func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.open = p[len(p)-1] != '\n'
	}
	return l.Writer.Write(p)
}

// brokenOff says that what was printed is not all of it.
func brokenOff(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, syscall.EPIPE) {
		return err
	}
	return fault.Wrap(err, api.CodeUnreachable, "the answer broke off before its end")
}
