// Package link is connect links: addresses that ask a person without an
// account here to authorize one connection.
//
//	Create ─▶ stored by the hash of its secret
//	Open ─▶ Begin ─▶ a flow of package authorize ─▶ Accept judges the account ─▶ Look writes the outcome
//	              ─▶ of a consent: the flow that follows it, where one does (consent.go)
//	Tick ─▶ outcomes nobody looked at · links that expired · webhooks (webhook.go)
//
// Invariants:
//   - The secret part of an address has 256 bits and is shown once; it stands in
//     no log, no error and no row.
//   - A link leads to one connection, and ends with the first authorization.
//   - An expected account is enforced before anything is saved: who cannot be
//     told is refused too.
//   - A browser is sent to allowed origins only. A logo runs nothing.
//   - Each change is compared and swapped, so that nodes on one store agree.
//
// Not in it: pages (package web/link), the flow itself (package authorize).
package link
