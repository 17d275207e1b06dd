// Package prepared has SQLite compile each statement once for a connection
// instead of at each use: compiling takes longer than most of ours run.
//
//	Pool.QueryContext   a query outside of transactions
//	Pool.Begin ─▶ Tx    a transaction, whose statements were compiled before it began
//
// A statement is compiled for good when it is met for the second time. One that
// is not known yet, or that is one too many, runs as it stands.
//
// Invariants: whoever reads rows has read them all, or closed them, before the
// same text runs again on the same transaction.
//
// Not in it: what statements say. PostgreSQL's library does the same by itself.
package prepared
