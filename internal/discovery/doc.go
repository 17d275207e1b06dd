// Package discovery finds authorization servers by their issuer (RFC 8414
// section 3, OpenID Connect Discovery section 4) and remembers what it found.
//
//	Servers.Find ─▶ remembered? ─▶ each metadata address in turn ─▶ package oauth judges
//
// Invariant: a document whose issuer is not the one asked for is never used.
//
// Not in it: the rules of metadata (package oauth), dialing (package egress).
package discovery
