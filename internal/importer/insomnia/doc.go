// Package insomnia reads what Insomnia exports: format 4 (JSON or YAML, a flat
// list of resources) and format 5 (YAML, a tree).
//
// The flow: [Read] makes one list of nodes of either format (nodes.go); the
// environments fill in {{ _.name }}; each oauth2 authentication becomes a form
// with the requests that use it (insomnia.go), and package form does the rest.
//
// Invariants: those of packages draft and form.
//
// Not in it: template tags {% … %}, which Insomnia computes when it sends, and
// formats 1 to 3.
package insomnia
