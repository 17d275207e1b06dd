package ledger

import "github.com/valetkey/valetkey/internal/secret"

// SealedCursor is how far a walk over all sealed values has come.
type SealedCursor struct {
	Column int    `json:"column"` // which of the sealed columns
	Name   string `json:"name"`   // of the row last seen there
	Number int64  `json:"number"`
}

// SealedValue is one sealed value where it lies, whatever it is.
type SealedValue struct {
	Column int
	Name   string
	Number int64
	Value  secret.Sealed
	Places []secret.Place // it was sealed at one of these
}

// Resealed is a sealed value with what is to take its place.
type Resealed struct {
	SealedValue
	New secret.Sealed
}
