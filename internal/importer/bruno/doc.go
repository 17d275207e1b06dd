// Package bruno reads Bruno collections: the .bru files of one with its
// bruno.json, the same as YAML (opencollection.yml and its like), and the JSON
// that Bruno exports as one file.
//
// The flow: [Read] makes entries of the files of each form (bru.go parses the
// .bru language, marked.go reads its blocks, tree.go YAML and JSON); the
// environments fill in {{name}}; each oauth2 block becomes a form with the
// requests that use it (bruno.go), and package form does the rest.
//
// Invariants: those of packages draft and form. A file that is none of a
// collection is noted, not read.
//
// Not in it: scripts and tests.
package bruno
