// Package store keeps what the broker and the access checks know, in SQL.
//
//	broker.Store, access.KeyStore
//	        │
//	provider.go client.go connection.go token.go lease.go
//	flow.go event.go setting.go key.go          one file a noun: findX, scanX, writes
//	        │
//	tx.go       one transaction a write, errors given their meaning
//	        │
//	sqlite.go   one writing connection, a few reading ones, on one file
//	migrate.go  numbered migrations from migrations/*.sql
//
// Invariants:
//   - A write is on the disk when it returns (WAL, synchronous=FULL).
//   - What belongs together (state and event, token set and generation) is
//     written in one transaction, or not at all.
//   - Secrets come in and go out as [secret.Sealed]; nothing here can open one.
//   - The SQL suits SQLite and PostgreSQL alike: identifiers are chosen by us,
//     times are BIGINT milliseconds of Unix time (0: none), documents are JSON
//     in TEXT, parameters are numbered in the order of their first appearance.
//   - A database of a newer version is refused and left as it is.
//
// Constraint errors are told apart by SQLite's result codes, never by text.
//
// Not in it: sealing, caching, and deciding what a state means.
package store
