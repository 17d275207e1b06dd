// Package traffic watches the calls of each connection from outside: how many
// there were in each of the last minutes, how many failed, and, while somebody
// looks for a fault, what was said.
//
//	Do ─▶ engine.Do ─▶ counted; debug on? ─▶ body passes through, its beginning is kept ─▶ redacted
//
// Invariants: all of it is in memory, bounded, and of this process alone, since
// its start. What is kept of an exchange never holds a credential: the token is
// placed further in, and what a caller or an API says is redacted by name. No
// byte of a body is held up or changed.
//
// Not in it: calling (package call), counters that last (a metrics system's).
package traffic
