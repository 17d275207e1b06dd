// Package clientauth makes a client's authentication at an authorization
// server, for one request, from the credential it has.
//
//	Credential ─▶ Case.Ways ─▶ Case.Authenticate ─▶ Proof
//
//	Credential         what is kept, sealed as one document              credential.go
//	Outside            files and programs that are read at each use      outside.go, command.go
//	Case.Ways          how the client may authenticate, likeliest first  way.go
//	Case.Authenticate  secret in header or body, a JWT, a certificate    authenticate.go
//	Case.BearerParams  the JWT that is a grant by itself                 bearer.go
//	Verdict            what an answer says of the way that was taken     verdict.go
//
// Invariants: one method a request (RFC 6749 section 2.3). A signed assertion
// is fresh each time and never kept. A credential redacts itself. No program
// runs that the operator did not name.
//
// Not in it: the signing itself (oauth/assertion), where credentials are kept
// and when another way is tried (package arrangement), the placing in a request
// (package oauth).
package clientauth
