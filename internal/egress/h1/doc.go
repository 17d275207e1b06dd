// Package h1 is a lean HTTP/1.1 client: an [http.RoundTripper] that sends a
// request and reads its answer on the caller's own goroutine. [http.Transport]
// hands each over between two goroutines a network connection, which costs a
// proxy more than everything else that it does.
//
//	RoundTrip ─▶ usual? ─ no ─▶ the standard Transport            (request.go)
//	   │ yes
//	   ├─▶ pool (pool.go, alive.go) or dial and TLS (dial.go)
//	   │        ALPN says h2 ─▶ the standard HTTP/2, on this very connection
//	   ├─▶ head and body in one write                             (request.go)
//	   └─▶ head of the answer (head.go), how its body ends
//	            (framing.go), the body as it is read (body.go)
//
// Unusual are an outbound proxy, a body of unknown length or beyond 32 KiB,
// trailers, Expect, a switch of protocols, and a trace of more than 1xx answers.
//
// Invariants:
//   - A Client is for one set of TLS settings; its pool is keyed by scheme and
//     host. No connection serves another origin, authority or certificate.
//   - A request is sent again once, over a new connection, and only when a
//     reused one failed before a byte of the answer: any request of which no
//     byte left, else one without a body whose method is safe or which has an
//     idempotency key (RFC 9112 section 9.3.1).
//   - A connection is used again only after an answer that ended as it said, with
//     nothing after it, looked at once more before the next request.
//   - An answer that can be read in two ways is refused (RFC 9112 sections 5.2,
//     6.3 and 11.2): Content-Length beside Transfer-Encoding, twice, or not a
//     number, another coding than chunked, folded lines, control characters.
//   - A body that ends too early is an error, never an end.
//   - When the request's context ends, the connection is closed at once.
//   - A body that is sent from here must not wait for anybody: it is read in
//     full before the request goes out.
//
// Not in it: the guard of addresses and plain words for errors (package
// egress), redirects, cookies, compression, limits of time.
package h1
