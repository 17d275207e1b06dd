// Package call makes one outbound call of an API through a connection.
//
//	Do ─▶ Credential (a snapshot from memory)
//	   ─▶ target: base URL + path, judged segment by segment     (path.go, target.go)
//	   ─▶ headers: strip, then configured ones, then the token   (header.go, place.go)
//	   ─▶ transport ─▶ answer
//
// Around each request stand, from the inside out: redirects that are followed
// (redirect.go), the API's limits and the line before them (limit.go,
// budget.go), retries (retry.go, hint.go, retried.go), and around all of it what
// the answer's body says of success (outcome.go), and
//
//	token refused (autherror.go)? ─▶ Renew once ─▶ replay once, or (renew.go)
//	                                 hand back 401 with Valetkey-Retryable
//	only a person can help (stepup.go)? ─▶ the connection notes what to ask for
//
// Invariants:
//   - The host comes from the connection alone, and no path leaves its base
//     path however it is encoded. Accepted paths go out with the bytes that
//     came in.
//   - The token is placed last: nothing that the caller sends can remove it,
//     name it or read it back from an error.
//   - A request is sent again only when it cannot act twice: its method is
//     safe or has a key, or the API said that it did nothing, as it does when
//     it refuses the token. A body is sent again only from a full copy.
//     [http.Transport] itself can never repeat it, since it gets no GetBody.
//   - Refusals renew a connection's token at most once in ten seconds.
//   - Where a rule looks into an answer (package answer), the caller still gets
//     every byte.
//   - Calls of one budget are let in in the order they came. The window of
//     requests is exact: a token bucket (golang.org/x/time/rate) would let
//     through twice as many around the moment when it is full, and cannot say
//     how long a whole line will take.
//   - Another origin never sees the token, a configured header, or a header of
//     the caller that could be a credential.
//   - The time limit counts while nothing moves; a stream has no limit.
//
// Not in it: where tokens come from (package broker), dialing (package
// egress), copying an answer to a caller (package proxy).
package call
