// Package wizard leads from nothing to a connection that works, by pages.
//
//	/new                              choose a provider, or bring one: an issuer, a file of another program, YAML
//	/new/found, /new/draft            what was discovered or read, to be taken over
//	/new/describe                     a provider's description, in fields and YAML
//	/new/provider/{name}              what to do at the provider, the fields, the scopes ─▶ tested, saved
//	/new/connection/{name}            consent in a pop-up, or what a person brings in its place, and a first call
//	/connections/{name}/edit          the same fields again
//	/clients/{name}/edit              a new secret, an other id
//
//	choose.go ─▶ discover.go, import.go, describe.go ─▶ form.go + mistake.go ─▶ setup.go, save.go ─▶ consent.go, bring.go
//	tables.go (which keys have a field) ─▶ settings.go (text and document, both ways), fields.go ─▶ the forms
//	grant.go (which grants there are, and how each comes by its first token)
//
// Invariants: each action is a form that is posted and answered by a redirect,
// or by the same page with what is wrong beside the fields. Nothing typed is
// lost: what is secret waits on the shelf, and no page shows it. A key that has no
// field, or holds what a field cannot give back, stays in the YAML beside them. The mistakes
// that are caught as one types are those of the server: one table, in mistake.go.
//
// Not in it: rules of clients and connections (package broker), of providers
// (package catalog), of other programs' files (packages importer).
package wizard
