// Package reference describes a table of routes: as an OpenAPI 3.1 document and
// as a page for people.
//
//	[]Route ─┬▶ Document (openapi.go)   GET /openapi.json
//	         └▶ Page (page.go)          GET /docs
//
// Invariants: both say what the table says and nothing else; the page runs no
// script and loads nothing.
//
// Not in it: the routes and who may use them (package rest).
package reference
