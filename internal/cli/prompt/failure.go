package prompt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
)

// The exit codes. They are part of the contract.
const (
	exitDone               = 0
	exitFailed             = 1
	exitUsage              = 2
	exitNotFound           = 3
	exitNeedsAuthorization = 4
	exitNeedsConfiguration = 5
	exitUpstream           = 6
	exitNotAllowed         = 7
	exitUnreachable        = 8
)

// UsageError is a command line that cannot be meant.
type UsageError struct {
	Message string
	Hint    string
}

// Error says what is wrong with the command line.
func (e *UsageError) Error() string { return e.Message }

// Usage is the error of a wrong command line, with what to write instead.
func Usage(hint, format string, args ...any) error {
	return &UsageError{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// exitCode is the one table from what failed to how the program ends.
func exitCode(code api.Code) int {
	switch code {
	case api.CodeNotFound:
		return exitNotFound
	case api.CodeNeedsAuthorization, api.CodeRevoked:
		return exitNeedsAuthorization
	case api.CodeNeedsConfiguration, api.CodeBlocked:
		return exitNeedsConfiguration
	case api.CodeUpstream, api.CodeRateLimited:
		return exitUpstream
	case api.CodeForbidden, api.CodeUnauthenticated:
		return exitNotAllowed
	case api.CodeUnreachable, api.CodeUnavailable:
		return exitUnreachable
	default:
		return exitFailed
	}
}

// Report prints an error once and returns the exit code.
func (p *Prompt) Report(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	var wrong *UsageError
	if errors.As(err, &wrong) {
		p.say(&api.Problem{Title: "The command line is wrong", Code: api.CodeInvalid, Detail: wrong.Message, Hint: wrong.Hint})
		return exitUsage
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitFailed // the reader of our output left; it wants no words
	}
	problem := p.Problem(ctx, err)
	p.say(problem)
	return exitCode(problem.Code)
}

// Problem is any error in the form that every surface shares.
func (p *Prompt) Problem(ctx context.Context, err error) *api.Problem {
	var known *api.Problem
	if errors.As(err, &known) {
		return known
	}
	var ours *fault.Error
	if errors.As(err, &ours) {
		return &api.Problem{Title: fault.Title(ours.Code), Code: ours.Code, Detail: ours.Message, Hint: ours.Hint}
	}
	if errors.Is(err, context.Canceled) || ctx.Err() != nil {
		return &api.Problem{Title: "Interrupted", Code: api.CodeInternal, Detail: "interrupted"}
	}
	return &api.Problem{Title: "Failed", Code: api.CodeInternal, Detail: err.Error()}
}

// say writes an error for a person, or with -o json for a program.
func (p *Prompt) say(problem *api.Problem) {
	if p.Flags.Output == "json" {
		encoder := json.NewEncoder(p.Streams.Err)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(problem)
		return
	}
	fmt.Fprintf(p.Streams.Err, "error: %s\n", console.Paragraph(problem.Error()))
	if problem.Hint != "" {
		fmt.Fprintf(p.Streams.Err, "hint: %s\n", console.Paragraph(problem.Hint))
	}
	if problem.RequestID != "" && problem.Code == api.CodeInternal {
		fmt.Fprintf(p.Streams.Err, "hint: request id %s\n", problem.RequestID)
	}
}

// Note tells the person at the prompt something that is not the result.
func (p *Prompt) Note(format string, args ...any) {
	fmt.Fprintf(p.Streams.Err, format+"\n", args...)
}

// InConfiguration gives the mistakes of a file or setting that a person wrote
// the code of what they are, whoever found them.
func InConfiguration(err error) error {
	var ours *fault.Error
	if errors.As(err, &ours) && ours.Code == api.CodeInvalid {
		changed := *ours
		changed.Code = api.CodeNeedsConfiguration
		return &changed
	}
	var problem *api.Problem
	if errors.As(err, &problem) && problem.Code == api.CodeInvalid {
		changed := *problem
		changed.Code = api.CodeNeedsConfiguration
		return &changed
	}
	return err
}

// IsCode reports whether the server answered with this code.
func IsCode(err error, code api.Code) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Code == code
}

// Unreadable is the error of a file that a person named.
func Unreadable(path string, err error) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "%s cannot be read: %s", path, console.Reason(err)).
		WithHint("give a file that is there and that you can read")
}
