// Package tokenstore reads lists of tokens: CSV with a header row, JSON (a
// list, a map by name, one object) and JSON lines, and what Vault prints for
// credentials of its oauthapp plugin and for plain key-value secrets.
//
// The flow: [Read] makes rows of each format (csv.go, tree.go), a row being a
// map of columns; rows.go knows the columns by their usual names and makes
// connections with their tokens of them.
//
// Invariants: those of packages draft and form. A row without a client or a
// provider keeps its token in the draft only where a connection can hold it;
// otherwise it is noted, never dropped in silence.
//
// Not in it: one token response in a file (package tokenfile).
package tokenstore
