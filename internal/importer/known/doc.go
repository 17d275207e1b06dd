// Package known finds in a draft the providers that the catalogue has already,
// and puts the catalogue's in their place: they know more than another tool's
// form.
//
// The flow: [Recognise] makes a pattern of each catalogue entry's endpoints
// (pattern.go), matches the draft's providers against them, and moves what the
// draft knows besides (addresses, scopes, operations, variables) to clients and
// connections (adopt.go).
//
// Invariants:
//   - A provider is taken for another only when its token endpoint matches,
//     and its authorization endpoint where it has one.
//   - What differs is noted.
//
// Not in it: the catalogue itself; its entries are handed in.
package known
