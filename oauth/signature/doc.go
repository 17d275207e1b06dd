// Package signature signs requests in the ways of providers that want more of
// a client than RFC 6749 section 2.3 does: a hash over its secret and the code,
// or a MAC over the parameters, sorted.
//
//	Rule        what is signed, with what, and where the result stands
//	Rule.Check  whether the rule can be carried out
//	Rule.Sign   one signature over one request's Parts
//	Apply       all of a request's, each where it belongs
//
// A rule is data: its texts are filled in by whoever knows the values. What is
// known only once the request is there has the names that RFC 9421 section 2.2
// gives to derived components, and two more: see [Components].
//
// Invariants:
//   - Pure: no clock, no randomness. A time that is signed is one of the texts.
//   - Neither the key nor what was signed is part of an error.
//
// Not here: HTTP message signatures (RFC 9421) and DPoP (package dpop), where
// the result is placed, and signatures with a private key (package assertion).
package signature
