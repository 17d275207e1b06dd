// Package oauth is the protocol core: it builds the requests an OAuth 2.0
// client sends and judges the answers it gets. It is pure. It opens no
// connection, keeps no state, reads no clock and no entropy of its own: the
// caller sends the *http.Request, hands back the *http.Response, and says what
// time it was.
//
// The flow of an authorization, and where each step lives:
//
//	MetadataURLs → MetadataRequest → ParseMetadata     discovery.go  RFC 8414
//	NewState, NewVerifier, CodeChallenge               pkce.go       RFC 7636
//	AuthorizationRequest.URL                           authorization.go
//	ParseAuthorizationResponse → Verify → Failure      callback.go   RFC 9207
//	TokenRequest.HTTP                                  tokenrequest.go
//	TokenRequest.Judge → Token.Inherit                 tokenresponse.go, expiry.go
//	Classify, ClassifyTransport, JudgeAPI              classify.go, refusal.go
//	RevocationRequest.HTTP → Judge                     revocation.go RFC 7009
//
// Invariants:
//
//   - A server that strays from the RFCs is described by RequestRules and
//     ResponseRules. No code here knows the name of a provider.
//   - A failed judgement is always an *Error, classified once: what the error
//     is, and who has to act.
//   - No secret is printed: values that hold one redact themselves in fmt,
//     encoding/json and log/slog, and errors carry none.
//   - No request is sent twice by net/http behind the caller's back, and no
//     request bears two client authentication methods.
//   - Endpoints are https, or on the loopback interface, or the caller said
//     AllowInsecure.
//
// Sub-packages each read or make one thing: challenge (WWW-Authenticate),
// assertion (signed JWTs), device (device codes), idtoken (ID tokens).
//
// Not here: storage, single use of state and code, the callback page, retries,
// TLS settings, dialing and its guards, the verification of ID tokens.
package oauth
