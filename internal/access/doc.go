// Package access says who is calling: it makes, checks and ends API keys, and
// decides what a [Principal] may do.
//
// A key is shown once and kept as a SHA-256 hash. Checks read memory only:
// [Keys.Check] looks in a table behind an atomic pointer that is replaced
// whenever keys change. A caller that may not use a connection is told the
// same as one that asks for a connection that does not exist.
//
// Not in it: HTTP (packages rest and proxy read the header), storage.
package access
