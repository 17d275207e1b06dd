// Package broker is the domain's front: providers, clients and connections as
// people arrange them, and the one door through which a token is renewed.
//
//	Credential ─▶ snapshot from memory ─▶ near expiry? ─▶ renew        (credential.go, snapshot.go)
//	Renew(connection, generation) ─▶ renew                             (renew.go)
//
//	renew: single flight here ─▶ lease in the store ─▶ read again ─▶
//	       token request, detached from the caller ─▶ save by compare-and-swap
//
// Below it: package ledger is what is kept, package arrangement fills one
// connection in and asks its authorization server, package authorize is how a
// person grants access; [Broker] has the methods of its Flows. What follows
// from a failed renewal for a connection or client is decided in verdict.go.
//
// Invariants:
//   - A token set is saved before anyone uses it, by compare-and-swap on its
//     generation; the previous one stays, sealed.
//   - Nobody waits for the network while holding a lock or a transaction.
//   - The store sees sealed secrets only.
//   - A client that is refused parks itself, not its connections' grants.
//
// Not in it: HTTP servers, SQL, dialing, and the calls of an API.
package broker
