// Package n8n reads credentials as n8n exports them:
// n8n export:credentials --all --decrypted.
//
// The flow: [Read] takes each credential of an OAuth 2.0 type; what its type
// knows by itself, and its data does not repeat, stands in types.tsv; the
// fields of the data fill in {{name}} there; package form does the rest.
//
// Invariants: those of packages draft and form. A credential that is still
// encrypted is noted with the command that exports it readable.
//
// Not in it: credentials of other types, which are counted in a note.
package n8n
