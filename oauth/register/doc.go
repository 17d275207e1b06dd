// Package register registers clients with authorization servers and manages
// what was registered (RFC 7591, RFC 7592).
//
//	Metadata                      metadata.go      what a client says of itself
//	Request.HTTP → Judge          register.go      registration
//	Registration.Read, Update,    management.go    at the address that the answer named
//	Delete → Judge, JudgeDeletion
//
// Invariants:
//
//   - A client shows its keys once: jwks or jwks_uri, not both (RFC 7591 §2).
//   - A change sends all of the metadata, and nothing that the server alone
//     says (RFC 7592 §2.2).
//   - The address of the management is used as it came (RFC 7592 §7).
//   - No secret is printed or part of an error.
//
// Not here: where registrations are kept, and the sending of requests.
package register
