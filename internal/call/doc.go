// Package call makes one outbound call of an API through a connection.
//
//	Do ─▶ Credential (a snapshot from memory)
//	   ─▶ target: base URL + path, judged segment by segment     (path.go, target.go)
//	   ─▶ headers: strip, then configured ones, then the token   (header.go, place.go)
//	   ─▶ transport ─▶ answer
//	        token refused? ─▶ Renew once ─▶ replay once, or       (renew.go)
//	                          hand back 401 with Valetkey-Retryable
//
// Invariants:
//   - The host comes from the connection alone, and no path leaves its base
//     path however it is encoded. Accepted paths go out with the bytes that
//     came in.
//   - The token is placed last: nothing that the caller sends can remove it,
//     name it or read it back from an error.
//   - A request with a body is sent again only after the API refused the
//     token, which means that it did not act, and only from a full copy.
//     [http.Transport] itself can never repeat it, since it gets no GetBody.
//   - Refusals renew a connection's token at most once in ten seconds.
//   - The time limit counts while nothing moves; a stream has no limit.
//
// Not in it: where tokens come from (package broker), dialing (package
// egress), copying an answer to a caller (package proxy).
package call
