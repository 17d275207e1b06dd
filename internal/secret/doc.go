// Package secret keeps secrets: in memory as [Text], which redacts itself,
// and at rest as [Sealed], which only the [Keyring] can open.
//
//	Text ──Seal(place)──▶ Sealed ──store──▶ row
//	row  ──store──▶ Sealed ──Open(same place)──▶ Text
//
//	Keyring ──Wrap(master key)──▶ beside the rows        (master.go)
//
// Invariants: a Sealed is bound to its [Place] (table, row and column) by the
// AEAD's associated data, so that a value moved to another row does not open;
// it begins with the id of its key ([KeyOf]). A keyring is a Tink keyset. It is
// kept sealed under a [Master]: another keyset, in a file of mode 0600 that is
// made once and never overwritten, a key of a key service, or a passphrase.
//
// Not in it: where sealed values are kept (package store), when keys change
// (package keyring), how a key service is asked (package kms).
package secret
