// Package schema describes the YAML files for editors, as JSON Schema (draft
// 2020-12).
//
// The flow: [Manifest] and [Provider] walk the Go types that the files are read
// into, by the same fields (package strictyaml), so that a key which can be
// read stands in the schema and no other does. What each key is, words.tsv says
// (words.go), which go generate fills in from the comments of the types.
//
// Invariant: what is read without a mistake is valid. The other way round the
// schema says less than the server: it knows keys and kinds, not what they mean.
//
// Not in it: reading files (packages strictyaml, manifest and catalog).
package schema
