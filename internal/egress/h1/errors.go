package h1

import (
	"errors"
	"fmt"
)

// What a host may do wrong.
var (
	// ErrMalformed is an answer that is not HTTP/1.1, or can be read in two ways.
	ErrMalformed = errors.New("malformed answer")
	// ErrHeaderTooLarge is an answer whose header exceeds the limit.
	ErrHeaderTooLarge = errors.New("the header of the answer is too large")
	// ErrBodyClosed is a read of a body that was closed.
	ErrBodyClosed = errors.New("read of a closed body")
)

// malformed says what of an answer is malformed, without showing any of it.
func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// silence is a failure before the first byte of an answer.
type silence struct {
	cause  error
	unsent bool // no byte of the request left
}

// Error implements error.
func (s *silence) Error() string { return "no answer: " + s.cause.Error() }

// Unwrap gives the cause to errors.Is.
func (s *silence) Unwrap() error { return s.cause }

// bare takes the note of when it happened from an error.
func bare(err error) error {
	if s, ok := err.(*silence); ok { //nolint:errorlint // made in this package and never wrapped
		return s.cause
	}
	return err
}
