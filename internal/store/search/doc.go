// Package search turns a selection of connections into conditions, and has the
// index that finds a part of a name among a million.
//
//	ledger.ConnectionFilter ─▶ Near: what the next rows of the order hold
//	                              │ not a full page?
//	                              ▼
//	                           Far: what the index of texts says may match
//
// A page that many rows match is full after a few of them, read in the order
// asked for. What few rows match is found through a table of its own,
// connection_texts, with the name, the account and the tags of each
// connection, indexed by every three letters that follow one another: FTS5 on
// SQLite, a GIN index on PostgreSQL. Triggers keep it; a renewal, which changes
// none of the three, does not touch it.
//
// On SQLite the index takes rows by 512 at once, when the last of them is
// written: one at a time each would cost a segment of the index. What is not in
// it yet is read as it stands.
//
// Invariants: the index only proposes; what was asked for is compared with the
// connection itself, so that a search finds the same on both databases and with
// any window.
//
// Not in it: running queries (package store).
package search
