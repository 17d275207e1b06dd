// Package draft is what every importer gives: the providers, clients,
// connections and tokens it read from another program's files, and notes of
// what could not be carried over and why.
//
// The flow: an importer is one pure function, Read([]File, name) (Draft,
// error). It reads its files with [Draft.Parse], which bounds size and depth
// (parse.go) and gives a tree whose nodes know where they stand (value.go);
// puts what it finds under safe and free names (name.go, [Put]); writes other
// programs' placeholders as ours (template.go) and addresses as base URLs
// (address.go); and says with [Draft.Add] what it had to leave out.
//
// Invariants:
//   - Whatever the bytes are, reading ends: in a draft, or in an error with
//     [api.CodeInvalid].
//   - Nothing is lost in silence: what a draft does not hold stands in its
//     notes, where equal notes are counted and not repeated.
//   - A secret stands in a draft as an [api.Secret] only, never in a note or
//     an error.
//
// Not in it: files and network (package cli reads the bytes), and whether a
// draft fits what there is already (package manifest plans that).
package draft
