// Package dpop makes the proofs of possession that bind tokens to a key
// (RFC 9449).
//
//	Generate, Parse → Key     key.go    what tokens are bound to
//	Proof.Sign                proof.go  one proof, for one request
//	Nonces, Asked             nonce.go  what servers want to find in proofs
//
// Invariants:
//
//   - Signatures are asymmetric (§11.6), and the header of a proof holds the
//     public half of the key alone (§4.2).
//   - A proof is fresh: its jti comes from the caller's randomness, its iat from
//     the caller's clock.
//   - No key is printed or part of an error.
//
// Not here: where keys are kept, and which requests need a proof.
package dpop
