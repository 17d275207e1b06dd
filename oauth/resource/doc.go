// Package resource reads what a protected resource says of itself: which
// authorization servers give tokens for it, and of which kind (RFC 9728).
//
//	MetadataURLs → Parse      where the document is, and what it says
//	FromChallenge             the address that a refusal names
//
// Invariants:
//
//   - A document counts only for the resource that was asked for (§3.3).
//   - Unknown members are ignored (§3.2), and no address is followed here.
//
// Not here: fetching, and the choice among several authorization servers.
package resource
