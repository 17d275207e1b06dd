// Package arrangement is all that concerns one connection, filled in: the
// connection, its client, the provider's description with every variable in
// its place, and the requests to the authorization server that follow from it.
//
//	Desk.Arrange ─▶ Arrangement          (arrangement.go: what there is, and where)
//	Desk.Server                          (who answers)
//	Desk.Authenticated                   (door.go: how the client proves itself)
//	Desk.RequestToken, Desk.Exchange     (request.go, grant.go: the token request)
//	Desk.SealToken, Desk.Gather          (tokenset.go: what is kept of the answer)
//	Desk.Cause, Consequence              (verdict.go: what an error means for a connection)
//
// What an authorization server's error means is judged in package oauth, and
// put into words in package remedy.
//
// Invariants:
//   - A grant of any kind is one case in grant.go; a provider that strays from
//     the RFCs is none, but data.
//   - Secrets are opened for one request and kept nowhere.
//   - What a request uses up, a code or a refresh token, is sent again only
//     after invalid_client, and to no other method of authentication.
//
// Not in it: when a token is renewed and how its save is guarded (package
// broker), how a person authorizes (package authorize).
package arrangement
