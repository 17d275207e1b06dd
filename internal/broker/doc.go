// Package broker is the domain: clients, connections, flows, token sets, and
// the one door through which a token is renewed.
//
//	Begin ─▶ flow stored ─▶ browser ─▶ Complete ─▶ token set saved     (flow.go, complete.go)
//	Begin ─▶ flow stored ─▶ code typed elsewhere ─▶ Flow polls          (device.go)
//	Credential ─▶ snapshot from memory ─▶ near expiry? ─▶ renew        (credential.go, snapshot.go)
//	Renew(connection, generation) ─▶ renew                             (renew.go)
//
//	renew: single flight here ─▶ lease in the store ─▶ read again ─▶
//	       token request, detached from the caller ─▶ save by compare-and-swap
//
// A connection with its client and provider, every template filled in, is an
// arrangement (arrange.go). What an authorization server's error means is judged
// in package oauth, and put into words in package remedy; what follows from it
// for a connection or client is decided in verdict.go.
//
// Invariants:
//   - A token set is saved before anyone uses it, by compare-and-swap on its
//     generation; the previous one stays, sealed.
//   - Nobody waits for the network while holding a lock or a transaction.
//   - A flow is taken once. Its state is stored as a hash, its verifier sealed.
//   - The store sees sealed secrets only.
//   - A client that is refused parks itself, not its connections' grants.
//
// Not in it: HTTP servers, SQL, dialing, and the calls of an API; and what needs
// none of the above: clientauth, discovery, account, quirk, target, backoff.
package broker
