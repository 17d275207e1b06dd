// Package clientauth makes a client's authentication at an authorization
// server, for one request, from the credential it has.
//
//	Credential         what is kept, sealed as one document          credential.go
//	Case.Authenticate  secret in header or body, or a signed JWT     authenticate.go
//	Case.BearerParams  the JWT that is a grant by itself             bearer.go
//
// Invariants: one method a request (RFC 6749 section 2.3). A signed assertion
// is fresh each time and never kept. A credential redacts itself.
//
// Not in it: the signing itself (oauth/assertion), where credentials are kept
// (package broker), the placing in a request (package oauth).
package clientauth
