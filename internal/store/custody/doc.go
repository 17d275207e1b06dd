// Package custody keeps what concerns the database as a whole rather than one
// noun of it: which keys its sealed values have, its audit trail, its dump and
// its pruning. It is SQL like package store, on whose transactions it runs.
//
//	setting.go  the keyring and other marks, by compare-and-swap
//	sealed.go   every sealed column: counted by key, read and replaced in batches
//	audit.go    the audit trail, and what is pruned by age
//	dump.go     all tables in one snapshot, row by row
//	load.go     the way back, in one transaction
//	restored.go which grants wait for a person after a restore
//
// Invariants: a sealed value is replaced only while it is still the one that
// was read. A dump holds what is in the tables, so secrets in it are sealed. A
// load changes everything or nothing.
//
// Not in it: keys (package keyring), files (package backup).
package custody

import "github.com/valetkey/valetkey/internal/store"

// Desk works on one database. Its methods may be called at the same time.
type Desk struct{ DB *store.DB }
