// Package pgtest runs a PostgreSQL server for a test: a new cluster in a
// directory of its own, on a free port and a unix socket, ended with the test.
//
//	Start ─▶ initdb ─▶ postgres ─▶ URL (an empty schema each) ─▶ Stop, Kill, Restart ─▶ gone
//
// Invariants: nothing of the machine's own PostgreSQL is touched; durability is
// off, for the data lives as long as the test; postgres refuses to run as root,
// so root's tests run it as another user.
//
// Not in it: anything of Valetkey's.
package pgtest
