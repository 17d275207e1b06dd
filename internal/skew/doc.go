// Package skew tells how far the clocks of authorization servers are from ours,
// by the Date of what they answer (RFC 9110 section 6.6.1).
//
//	Clocks.Watching(way) ─▶ Do ─▶ answer, whose Date is noted by its host
//	Clocks.Offset(host)  ─▶ how far that clock is ahead
//
// Nothing is reckoned with a server's clock: when a token ends is counted from
// its receipt. But what we sign, such as a client assertion, has a time in it
// that the server compares with its own, and a clock that is minutes off has
// every assertion refused, with an error that does not say so.
//
// Invariants: the Date has whole seconds and the answer takes a while, so what
// lies within both counts as no difference; an answer out of a cache says
// nothing; the hosts that are remembered are bounded.
//
// Not in it: what is said about a difference (package trial).
package skew
