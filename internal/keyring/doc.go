// Package keyring holds the keys that seal secrets, and changes them while
// everything runs.
//
//	master key ──opens──▶ keyring, a setting in the database ──▶ Holder: seals and opens
//
//	Rotate:    a new key is added, and opens            (every node reads it)
//	           it becomes the one that seals            (once the nodes had time)
//	Step:      what older keys sealed is sealed anew, a batch at a time
//	Retire:    an old key under which nothing is left is set aside, and
//	           forgotten an hour later
//
// The master key is a file in the data directory or a key of a key service. It
// is asked when the keyring is read or changed, never for a secret.
//
// Invariants:
//   - The keyring is written by compare-and-swap on its sealed text, and what
//     is said of it in the clear is bound to it.
//   - A keyring that does not open, or does not fit the database, is never
//     replaced.
//   - A sealed value is replaced only while it is still the one that was read.
//   - A value under a key that is not known here makes the keyring be read
//     again: a node that missed a rotation finds it.
//   - A node that cannot ask the master key goes on with the keys it has, for a
//     bounded time, and then gives them up.
//
// Not in it: ciphers (package secret), SQL (package store/custody), key
// services (package kms).
package keyring
