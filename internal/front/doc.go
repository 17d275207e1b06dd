// Package front is a lean HTTP/1.1 server that stands in front of an
// [http.Server]. It serves the requests that are well-formed and ordinary, with
// the standard server's handler; a connection on which anything else comes is
// the standard server's from its first byte on that was not answered yet.
//
//	Serve ─▶ conn (conn.go): a head in full? (input.go) ─▶ ordinary? (head.go)
//	   │                 │ no                                  │ yes
//	   │                 ▼                                     ▼
//	   │        handover.go ─▶ the standard server      request.go, body.go ─▶ handler
//	   │                                                       │
//	   │                                presence.go: did the caller leave?
//	   ▼                                                       ▼
//	Shutdown (server.go)                       response.go, fields.go, framing.go ─▶ caller
//
// Ordinary is a request of HTTP/1.1 with a path as its target, one Host, fields
// of tokens and visible values, each line ended by CR LF, 16 KiB of head at the
// most, and no body or one of up to 256 KiB whose length stands in digits. All
// that decides where a message ends, changes the protocol or is wrong (another
// version, Transfer-Encoding, Upgrade, Expect, Connection but for keep-alive and
// close, a folded line) is left to the standard server, and with it every
// refusal, WebSocket and HTTP/2.
//
// Invariants:
//   - Nothing is taken here that the standard server would refuse or read in
//     another way: FuzzFrontAgreesWithNetHTTP holds both to the same answers.
//   - A request's goroutine is its connection's. Nothing is started for a
//     request that is answered soon; whether the caller is still there is looked
//     at on a timer, without reading.
//   - An answer that fits the buffer leaves in one write, head and body.
//   - What a caller sends slowly is waited for by the standard server, whose
//     limits of time hold.
//   - A response is of no use once its handler has returned: late writes fail
//     and reach nobody.
//
// Differences from the standard server that a handler may see: there is no
// Hijack, since whoever wants to switch protocols says Upgrade; the context
// holds neither the server nor the local address; a Transfer-Encoding that the
// handler sets is left out; and a body that nobody reads is waited for 10
// seconds, not for ever.
//
// Not in it: TLS, which ends before, and connections on which nobody can look
// without reading (systems other than Unix): they are the standard server's.
package front
