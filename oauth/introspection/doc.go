// Package introspection asks an authorization server what a token is worth
// (RFC 7662).
//
//	Request.HTTP ─▶ the caller sends it ─▶ Request.Judge ─▶ Answer
//
// Invariants: the question is authenticated and goes over TLS; the token is in
// no error and nothing that is printed. An inactive token has no reason
// (RFC 7662 §2.2).
//
// Not here: when to ask, and how long an answer is kept.
package introspection
