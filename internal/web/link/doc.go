// Package link is the pages of connect links: those of whoever was sent one,
// who has no account here, and the operator's.
//
//	GET  /connect/{link}        who asks, for which account, for what
//	POST /connect/{link}        begins ─▶ /oauth/done/{flow}
//	GET  /connect-logo/{id}     the picture of who asks
//	Outcome                     /oauth/done/{flow}, of flows that belong to a link or are typed elsewhere
//	GET  /connect-status/{flow} what an open page of an authorization asks for
//	GET  /links, POST /links    the operator's list, and the form that makes one
//
// Invariants: nothing happens at the provider before the person read who asks
// and pressed a button; the secret part of an address stands on no page but the
// one that has it in its own address, and on the operator's once; a logo is
// shown as an image alone, under a policy of its own.
//
// Not in it: links themselves (package internal/link).
package link
