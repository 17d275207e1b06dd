// Package quirk carries out what a provider's description asks for around a
// token request.
//
// The flow: [Exchange.Token] completes the request's rules with what only the
// request knows (rules.go), sends it, judges the answer, and makes the further
// requests that turn the token into the one that APIs take (exchange.go).
// [Exchange.Gather] then reads the variables that came with the token, and
// looks up those that did not (gather.go, lookup.go).
//
// [VerifyCallback] checks the signature of a redirect back (callback.go).
//
// Invariants:
//   - A token that was obtained is never given up because a later step failed:
//     what went wrong is returned beside it.
//   - What is gathered is never a secret, and is held to the description's
//     must_match before anybody uses it.
//
// Not in it: what a description means (package catalog), how a standard
// request is built and judged (package oauth), and what is kept (package
// broker).
package quirk
