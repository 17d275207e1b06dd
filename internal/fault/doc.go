// Package fault is the one error value of Valetkey: a code, a message that is
// safe to show, a hint that says what to do, and a cause that stays inside.
//
// An error is given its fault once, where enough is known to say what to
// change; every surface (problem+json, command line, page, log) then shows
// the same words. [Error.Error] never includes the hidden cause: it may hold
// what a caller should not see. The log may, through [Error.Unwrap].
//
// Not in it: classification of a provider's errors (package oauth) and what
// follows from them (package broker).
package fault
