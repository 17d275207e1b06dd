// Package backup writes everything to one file and reads it back, whatever
// database it came from and goes to.
//
//	Write: head ─▶ tables and rows, of one moment ─▶ tail with count and SHA-256
//	Check: the whole file is read, and what its keyring needs is known
//	Read:  the same again, into one transaction
//
// The file is a line that names the format, then gzip of JSON, a value a line:
// the head, a table with its columns, its rows as lists, the tail. Bytes are
// base64 in an object {"b": …}.
//
// Invariants: secrets are in it as they are in the database, sealed; the
// keyring is sealed under its master key, and a second time under a passphrase
// where one is given. A file that is cut, changed or of a newer format is
// refused before anything is written.
//
// Not in it: SQL (package store/custody), which keys open what (package keyring).
package backup
