// Package challenge reads the challenges of WWW-Authenticate headers: what an
// API or an authorization server says when it refuses what it was shown.
//
// challenge.go has all of it: Parse reads every header, Bearer picks the
// challenge that speaks of an access token.
//
// Invariants:
//
//   - Nothing is an error. Such headers are written by hand and by proxies;
//     what cannot be read is skipped, and the rest still counts.
//   - The inside of a quoted string is never taken for a challenge.
//   - At most 32 challenges are read, whatever is sent.
//
// Not here: what a challenge means for the token. Package oauth judges that.
package challenge
