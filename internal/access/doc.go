// Package access says who is calling: it makes, checks and ends API keys and
// the sessions of operators in a browser, and decides what a [Principal] may do.
//
//	Keys       Create ─▶ shown once, kept as SHA-256 ─▶ Check, in memory ─▶ Principal
//	Operators  NewCode ─▶ Redeem: a name and a password ─▶ SignIn ─▶ session ─▶ Check ─▶ Principal
//
// A key is shown once and kept as a SHA-256 hash. Checks read memory:
// [Keys.Check] looks in a table behind an atomic pointer that is replaced
// whenever keys change, and in the store, seldom, for a key that another
// process may just have made. A caller that may not use a connection is told the
// same as one that asks for a connection that does not exist.
//
// An operator's password is kept as argon2id; codes and sessions are 256 random
// bits, kept as SHA-256. A new password ends every session of its operator.
// Wrong passwords make the next attempt wait, by account and by address.
//
// Not in it: HTTP (packages rest and proxy read the header, package web the
// cookie), storage.
package access
