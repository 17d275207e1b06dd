// Package store keeps what the broker and the access checks know, in SQL.
//
//	broker.Store, access.KeyStore, access.OperatorStore
//	        │
//	provider.go client.go connection.go token.go lease.go
//	flow.go event.go setting.go key.go operator.go  one file a noun: findX, scanX, writes
//	        │
//	tx.go       one transaction a write, run again when the database asks for it
//	        │
//	store.go    Open, and what an engine is: all that differs between the two
//	        │
//	sqlite.go   one writing connection, a few reading ones, on one file
//	postgres.go one pool on a server that any number of nodes share
//	*_fault.go  errors given their meaning · postgres_watch.go changes of other nodes
//	migrate.go  runs the steps of package migration, for both
//
// Invariants:
//   - A write is on the disk when it returns (SQLite: WAL, synchronous=FULL;
//     PostgreSQL: synchronous_commit, or a warning at the start).
//   - What belongs together (state and event, token set and generation) is
//     written in one transaction, or not at all.
//   - Secrets come in and go out as [secret.Sealed]; nothing here can open one.
//   - The SQL suits SQLite and PostgreSQL alike: identifiers are chosen by us,
//     times are BIGINT milliseconds of Unix time (0: none), documents are JSON
//     in TEXT, parameters are numbered in the order of their first appearance,
//     names are ordered by their bytes (the collation "binary").
//   - On PostgreSQL transactions are READ COMMITTED: what two nodes may want at
//     once is compared and swapped by one UPDATE, or locked by writing it first.
//   - What other nodes hold in memory is announced in the transaction that
//     changes it (publish); a change that was missed is announced as a change of
//     everything.
//   - A migration only adds: nodes of the version before go on working.
//   - A database of a newer version is refused and left as it is.
//
// Errors are told apart by result codes and SQLSTATE, never by text, and no
// message holds a password.
//
// Not in it: sealing, caching, and deciding what a state means.
package store
