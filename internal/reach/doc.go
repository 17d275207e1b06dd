// Package reach is how a command gets to Valetkey: over HTTP to a named
// server, through the unix socket of the server that runs on the data
// directory, or by opening the data directory in its own process.
//
//	Open ─▶ URL? ─▶ socket answers? ─▶ else app.Open, and the same handler in memory
//
// Invariant: all three are the same API through the same client, so nothing
// works in one way only.
//
// Not in it: flags and environment (package cli).
package reach
