package machine

import (
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

// commandTime bounds a command.
const commandTime = 20 * time.Second

// Run runs a program without a shell and returns what it prints, without the
// white space around it. The error is a fault: [api.CodeForbidden] where the
// program is not allowed.
func (p Permissions) Run(ctx context.Context, command []string) (string, error) {
	if len(command) == 0 || !filepath.IsAbs(command[0]) {
		return "", fault.New(api.CodeNeedsConfiguration, "a command begins with the absolute path of its program").
			WithHint("write it as a list, such as [/usr/local/bin/give-token, --audience, api]")
	}
	program := filepath.Clean(command[0])
	if !p.All && !slices.Contains(p.Commands, program) {
		return "", fault.New(api.CodeForbidden, "the program %s may not be run by settings", program).
			WithHint("start the server with --allow-command %s, or set VALETKEY_ALLOW_COMMAND", program)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, command[1:]...)
	cmd.WaitDelay = time.Second
	var out limited
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return "", fault.Wrap(err, api.CodeNeedsConfiguration, "the command %s gave no token: %s", program, outcome(ctx, err)).
			WithHint("run it as the server's user and look at what it says")
	}
	return strings.TrimSpace(string(out.text)), nil
}

// outcome says how a command ended, nothing of what it printed.
func outcome(ctx context.Context, err error) string {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "it did not end in time"
	case errors.Is(err, errTooMuch):
		return "it printed more than 1 MiB"
	case errors.As(err, &exit):
		return exit.ProcessState.String()
	default:
		return "it could not be started"
	}
}

var errTooMuch = errors.New("too much output")

// limited keeps as much as is bearable.
type limited struct{ text []byte }

// Write implements [io.Writer].
func (l *limited) Write(p []byte) (int, error) {
	if len(l.text)+len(p) > maxContents {
		return 0, errTooMuch
	}
	l.text = append(l.text, p...)
	return len(p), nil
}
