package clientauth

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// patience bounds one program.
const patience = 15 * time.Second

// Commands runs the programs that an operator allows: a client's assertion may
// be what one of them prints.
type Commands struct {
	Allowed []string // absolute paths
	Environ []string // of a program; as os.Environ
}

// Run gives what a program prints. There is no shell in between. The error
// never quotes what it printed: that may be a credential.
func (c Commands) Run(ctx context.Context, argv []string) ([]byte, error) {
	program := argv[0]
	allowed := slices.ContainsFunc(c.Allowed, func(path string) bool { return filepath.Clean(path) == filepath.Clean(program) })
	if !allowed {
		return nil, notAllowed(program)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out bounded
	cmd := exec.CommandContext(ctx, program, argv[1:]...) //nolint:gosec // the operator allowed exactly this program
	cmd.Env = slices.DeleteFunc(slices.Clone(c.Environ), func(variable string) bool { return strings.HasPrefix(variable, "VALETKEY_") })
	cmd.Stdout = &out
	cmd.WaitDelay = time.Second // a child of its own may keep the pipe open
	err := cmd.Run()
	var exit *exec.ExitError
	why := "could not be started"
	switch {
	case out.full:
		why = "printed more than 128 KiB"
	case ctx.Err() != nil:
		why = "did not end within " + patience.String()
	case errors.As(err, &exit):
		why = "ended with " + exit.ProcessState.String()
	case err == nil:
		return out.Bytes(), nil
	}
	return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the program %s, which prints the client's assertion, %s", program, why).
		WithHint("run it by hand, as the user of the server")
}

func notAllowed(program string) error {
	return fault.New(api.CodeNeedsConfiguration, "the program %s is not one that this server may run", program).
		WithHint("the operator allows it with valetkey serve --allow-command %s, or VALETKEY_ALLOW_COMMAND; client_assertion.from_file needs no leave", program)
}

// bounded takes what a program prints, up to maxRead.
type bounded struct {
	bytes.Buffer
	full bool
}

// Write implements io.Writer. An error ends the program's output.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxRead {
		b.full = true
		return 0, errors.New("too much")
	}
	return b.Buffer.Write(p)
}
