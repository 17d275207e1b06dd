// Package clause collects the conditions of a query with their parameters, in
// the numbered form that SQLite and PostgreSQL share.
//
// Invariants: a value is always a parameter, never part of the text; the text
// that callers give comes from the program.
//
// Not in it: running queries (package store), what a list means (package search).
package clause
