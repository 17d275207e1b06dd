// Package assertion mints the signed statements a client shows to a token
// endpoint: JWTs that authenticate the client (RFC 7521 §4.2, RFC 7523 §2.2)
// and JWTs that are a grant by themselves (RFC 7523 §2.1). It also builds the
// parameters of the grants whose assertion comes from somewhere else: token
// exchange (RFC 8693), on-behalf-of, SAML 2.0 bearer (RFC 7522).
//
//	ParseKey → Key.WithCertificate      parse.go, certificate.go
//	SecretKey                           key.go
//	ClientAssertion.Sign                client.go   private_key_jwt, client_secret_jwt
//	Grant.Sign → BearerParams           grant.go    RFC 7523 §2.1
//	Exchange.Params, OnBehalfOfParams  exchange.go RFC 8693
//	SAMLBearerParams                    grant.go    RFC 7522 §2.1
//
// A signed JWT goes into oauth.ClientAuth.Assertion, parameters into
// oauth.TokenRequest.Params.
//
// Invariants:
//
//   - Pure: the time and the randomness of jti are passed in. (The randomness
//     inside PSS and ECDSA signatures is the standard library's own; it takes
//     none from callers.)
//   - A key signs with an algorithm of its own kind or not at all: no secret
//     signs as RSA, no RSA key as HMAC (RFC 8725 §3.1).
//   - No key material is printed, marshalled or part of an error.
//   - Failures are *oauth.Error, in words that say what to change.
//
// Not here: where keys are kept, and the sending of requests.
package assertion
