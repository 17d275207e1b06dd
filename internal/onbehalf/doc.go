// Package onbehalf carries whom a call is made for, and remembers for a while
// which token that gave.
//
//	With, Subject     a user's token travels with the request it came with
//	Cache             the token it was exchanged for, by connection and user
//	Challenge         what the user has to do first
//
// Invariants:
//   - A user's token is kept as a hash only. What it gave is kept by the caller,
//     sealed, and in memory only.
//   - The cache is bounded, and no entry outlives its token.
//
// Not in it: the exchange (package arrangement), and when it is made (package
// broker).
package onbehalf
