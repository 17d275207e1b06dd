// Package outage says what an error of a database means: whose mistake it is,
// whether anything was lost, and what to do.
//
//	postgresql.go  by SQLSTATE, and by how a connection was lost
//	sqlite.go      by SQLite's extended result codes
//
// Invariants: no message holds a password. A constraint becomes an error of
// package ledger, a context that ended its own error, everything an operator
// can mend a fault with a remedy.
//
// Not in it: trying again (package store).
package outage
