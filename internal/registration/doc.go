// Package registration makes clients without a person at the provider's pages:
// by dynamic registration (RFC 7591), or by a document at an address of our own
// that the authorization server fetches.
//
//	RegisterClient ─▶ server found ─▶ metadata ─▶ registered ─▶ client saved   (registrar.go, metadata.go)
//	Registration, ChangeRegistration, Deregister                               (manage.go: RFC 7592)
//	ClientDocument                                                             (clientdocument.go)
//
// What a server refuses is put into words in verdict.go.
//
// Invariants:
//   - A client that is there is never replaced: its name is looked up before
//     the server is asked.
//   - What manages a registration is sealed, and its secret is kept once, with
//     the client's credential.
//   - A secret or token that an answer brings replaces the old one before
//     anything else is done (RFC 7592 section 7).
//
// Not in it: the requests themselves (oauth/register), how a client
// authenticates later (package clientauth).
package registration
