// Package postman reads what Postman exports: collections of version 2.0 and
// 2.1, environments and globals.
//
// The flow: [Read] sorts the files; variables of globals, then collections,
// then environments fill in {{name}}; the tree of folders and requests is
// walked with the auth block that each inherits (collection.go); every oauth2
// block becomes a form (auth.go), and package form does the rest.
//
// Invariants: those of packages draft and form. An auth block is read in both
// spellings: a list of {key, value, type}, and an object.
//
// Not in it: scripts, tests, and collections of version 1.
package postman
