package fault

import (
	"context"
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/api"
)

// Error is an error that may be shown.
type Error struct {
	Code    api.Code
	Message string // what happened; safe to show, one sentence without a full stop
	Hint    string // the exact command or setting that mends it; may be empty
	Cause   error  // hidden: for the log and for errors.Is
	// RetrySafe says of a call that brought no answer whether sending it again
	// does nothing twice; nil: it is no such error.
	RetrySafe *bool
}

// New makes an error with a message built as by [fmt.Sprintf].
func New(code api.Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error that hides cause behind a message.
func Wrap(cause error, code api.Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// WithHint returns a copy of e with a hint built as by [fmt.Sprintf].
func (e *Error) WithHint(format string, args ...any) *Error {
	hinted := *e
	hinted.Hint = fmt.Sprintf(format, args...)
	return &hinted
}

// Error returns the message alone.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the hidden cause.
func (e *Error) Unwrap() error { return e.Cause }

// As returns the fault in err's chain. An error without one is a defect of
// ours: it comes back as [api.CodeInternal] with its text hidden.
func As(err error) *Error {
	var found *Error
	if errors.As(err, &found) {
		return found
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: api.CodeUnavailable, Message: "the request was given up before it was done", Cause: err}
	}
	return &Error{
		Code:    api.CodeInternal,
		Message: "something went wrong inside Valetkey",
		Hint:    "the server's log has the details under the same request id",
		Cause:   err,
	}
}

// Is reports whether err carries the code.
func Is(err error, code api.Code) bool {
	var found *Error
	return errors.As(err, &found) && found.Code == code
}
