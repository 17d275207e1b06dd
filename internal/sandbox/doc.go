// Package sandbox is the practice provider: a real, small OAuth 2.0 and OpenID
// Connect authorization server with login and consent pages, and a mail API
// shaped like Microsoft Graph behind it. It misbehaves on demand.
//
// It exists so that a first authorization, a refresh, a revoked grant or a
// token endpoint that answers HTML can be seen on one machine, without an
// account anywhere, and so that tests have a server that is not a mock.
//
// # Map
//
//	config.go     what a caller chooses; New
//	server.go     every route on one screen
//	faultlist.go  the faults and their explanations; faults.go reads and fires them
//	client.go     the two registered clients, redirect URIs, client authentication
//	scope.go      the scopes and what the consent page says of them
//	request.go    judging an authorization request (RFC 6749 section 4.1.1, RFC 7636)
//	authorize.go  login, consent, the answer to the redirect URI (RFC 9207)
//	token.go      the token endpoint (RFC 6749 section 5); grants.go what each grant does
//	answer.go     a token response as bytes, right or deliberately wrong
//	manage.go     revocation (RFC 7009), introspection (RFC 7662), userinfo
//	metadata.go   discovery (RFC 8414); idtoken.go the signed ID token and its key
//	bearer.go     what the API does with a token (RFC 6750); mail.go, echo.go the API
//	store.go      codes, tokens, sessions in bounded memory
//	page.go       the pages: templates, style sheet, security headers
//
// A request goes: route → faults that come before the work → client or session
// check → one store method under the lock → faults that come after it → bytes.
//
// # Invariants
//
//   - The zero [Faults] is a server that keeps to the RFCs. Every departure has a
//     name in [FaultNames].
//   - Nothing is redirected to a URI that is not a loopback address or listed in
//     [Config.RedirectURIs].
//   - A code or a rotated refresh token presented twice revokes its whole grant.
//   - Memory is bounded: the oldest entry of a kind makes room for the newest.
//   - Whatever trickles or hangs ends when the client leaves.
//
// # Not here
//
// It shares no code with the oauth package, so that one does not prove the
// other's mistakes right. It keeps nothing on disk, opens no listener, and is
// no authorization server for real users: the password is on the login page.
package sandbox
