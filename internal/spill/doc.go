// Package spill keeps token sets that the store did not take. A provider that
// has rotated gives the new refresh token once; a database that is full, locked
// or away at that moment must not cost the grant.
//
//	SaveTokenSet fails ─▶ the write goes to a file, sealed as it is, and durable
//	TokenSet           ─▶ a write that is still kept is tried again first
//	Over, Replay       ─▶ the same for all of them, at the start and now and then
//
// [Store] decorates a broker's store and is one itself.
//
// Invariants: while a write is kept and cannot be replayed, the connection's
// token set is not readable: nobody spends the refresh token before it, which
// the provider may take for theft. A kept write is replayed by compare-and-swap
// on the generation, so it never replaces anything newer. A file holds sealed
// secrets only.
//
// Not in it: retrying in the same call (package broker does), sealing.
package spill
