// Package audit is the trail of who did what, when.
//
//	Record ─▶ memory ─▶ Flush, every few seconds ─▶ rows that nobody changes
//
// Invariants: recording never waits and never fails a request. Reading the same
// token again and again is one entry a flush, with its count. An entry holds
// names, never a secret. What is in memory when a process is killed is lost:
// that is at most a few seconds.
//
// Not in it: what is worth an entry (package rest), SQL (package store/custody).
package audit
