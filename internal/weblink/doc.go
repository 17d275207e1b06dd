// Package weblink reads the Link header of an answer (RFC 8288).
//
//	Link: <https://api.example/items?page=2>; rel="next", <…>; rel="last"
//	                    └──────── Next ────────┘
//
// Invariants:
//   - It gives what the header says, whole or relative: who follows it resolves
//     it, and decides whether the token may go there.
//
// Not in it: links inside a body.
package weblink
