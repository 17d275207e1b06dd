// Package secret keeps secrets: in memory as [Text], which redacts itself,
// and at rest as [Sealed], which only the [Keyring] can open.
//
//	Text ──Seal(place)──▶ Sealed ──store──▶ row
//	row  ──store──▶ Sealed ──Open(same place)──▶ Text
//
// Invariants: a Sealed is bound to its [Place] (table, row and column) by the
// AEAD's associated data, so that a value moved to another row does not open.
// The keyring is a Tink keyset in a file of mode 0600; it is made once, at the
// first start, and never overwritten. A keyring that does not fit the database
// is refused before anything is written (see [Keyring.Proof]).
//
// Not in it: where sealed values are kept (package store), keys of an external
// key service, rotation.
package secret
