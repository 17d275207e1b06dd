package cli

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

// usageError is a command line that cannot be meant.
type usageError struct {
	message string
	hint    string
}

// Error says what is wrong with the command line.
func (e *usageError) Error() string { return e.message }

func usage(hint, format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...), hint: hint}
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

// report prints an error once and returns the exit code.
func (p *program) report(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	var wrong *usageError
	if errors.As(err, &wrong) {
		p.say(&api.Problem{Title: "The command line is wrong", Code: api.CodeInvalid, Detail: wrong.message, Hint: wrong.hint})
		return exitUsage
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitFailed // the reader of our output left; it wants no words
	}
	problem := p.problem(ctx, err)
	p.say(problem)
	return exitCode(problem.Code)
}

// problem is any error in the form that every surface shares.
func (p *program) problem(ctx context.Context, err error) *api.Problem {
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
func (p *program) say(problem *api.Problem) {
	if p.flags.output == "json" {
		encoder := json.NewEncoder(p.streams.Err)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(problem)
		return
	}
	fmt.Fprintf(p.streams.Err, "error: %s\n", console.Paragraph(problem.Error()))
	if problem.Hint != "" {
		fmt.Fprintf(p.streams.Err, "hint: %s\n", console.Paragraph(problem.Hint))
	}
	if problem.RequestID != "" && problem.Code == api.CodeInternal {
		fmt.Fprintf(p.streams.Err, "hint: request id %s\n", problem.RequestID)
	}
}

// note tells the person at the prompt something that is not the result.
func (p *program) note(format string, args ...any) {
	fmt.Fprintf(p.streams.Err, format+"\n", args...)
}

// inConfiguration gives the mistakes of a file or setting that a person wrote
// the code of what they are, whoever found them.
func inConfiguration(err error) error {
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

// isCode reports whether the server answered with this code.
func isCode(err error, code api.Code) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Code == code
}
