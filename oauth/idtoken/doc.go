// Package idtoken tells who authorized: it verifies ID tokens (OpenID Connect
// Core §2, §3.1.3.7), asks the userinfo endpoint (§5.3), and knows whether two
// sign-ins are the same account.
//
//	ReadMetadata → Metadata{Server, JWKSURI, Algs}      metadata.go OIDD §4.3
//	KeySetRequest → ReadKeySet → KeySet                 keyset.go   RFC 7517
//	Verifier.Verify → Claims                            verify.go, rules.go
//	Verifier.UnverifiedFromTokenEndpoint → Claims       verify.go   §3.1.3.7 item 6
//	Refreshed(before, after)                            refresh.go  §12.2
//	UserinfoRequest → ReadUserinfo → Claims             userinfo.go §5.3.2
//	Claims.Account → SameAccount                        account.go
//
// Invariants:
//
//   - Pure: no connection, no clock, no cache. The caller keeps the KeySet;
//     *UnknownKeyError tells it to fetch the set once more.
//   - An algorithm counts only if it is on the allow-list, fits the key, and
//     is a signature with a public key. none is refused everywhere, and so are
//     MACs, whose key would be the client secret (RFC 8725 §3.1).
//   - Keys come from the issuer's own set, never out of the token (jwk, jku,
//     x5u, x5c are ignored; RFC 8725 §3.8, §3.10).
//   - Failures are *oauth.Error with CodeInvalidIDToken and the failed rule as
//     Suberror. No token, nonce or claim value that could be secret is in one.
//   - An account is an issuer and a subject; never an e-mail address.
//
// Not here: encrypted ID tokens, signed userinfo, and sessions.
package idtoken
