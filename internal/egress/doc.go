// Package egress is the only dialer: every request that Valetkey sends, to an
// API or to an authorization server, leaves through it.
//
//	New(Config) ─▶ Egress ─▶ Transport()      calls of an API
//	                     ├─▶ Trusting(Trust)  the same, for a host with its own authority
//	                     ├─▶ Client(timeout)  token, discovery and key requests
//	                     └─▶ ClientShowing(certificate, timeout)  token requests of a client with one
//	RoundTrip ─▶ resolve ─▶ guard on each address, at connect time ─▶ TLS ─▶ answer (package h1,
//	                                                      and the standard Transport behind it)
//	                                 any error ─▶ explain ─▶ fault
//
// Invariants:
//   - The address is judged when the socket connects, after the name was
//     resolved: a name that changes its address in between gains nothing.
//   - Loopback, private, link-local, shared, translated and reserved addresses
//     are refused unless the operator's ranges hold them.
//   - Certificates are always verified, with TLS 1.2 or later. The name in one
//     may be let go only together with a named authority.
//   - Pools are apart for each such Trust.
//   - No redirect is followed. A proxy is used where the operator or a connection
//     names one; the operator's may stand anywhere, a connection's is judged like
//     any address. Names are then resolved by the proxy.
//   - An error names the host and what is wrong; never a path, query or header.
//
// Not in it: tokens, retries of ours, and the limits of one call (package call).
package egress
