// Package group runs the changes of many callers in few transactions, so that
// all of them share one wait for the disk.
//
//	Do ─▶ queue ─▶ whoever finds nobody at work leads: begin, each change behind
//	       a mark, commit ─▶ everyone learns how their own change went
//
// Invariants:
//   - A change that fails is undone alone.
//   - Nobody learns of success before the transaction is on disk.
//   - A change whose caller has left before its turn is not run.
//
// Not in it: SQL (package store gives it the transaction).
package group
