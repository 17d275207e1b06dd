// Package pushed sends an authorization request to the server ahead of the
// browser (RFC 9126), so that the browser carries a reference and nothing that
// could be read or changed on its way.
//
//	Request.HTTP → Request.Judge → Reference      the request, client-authenticated
//	URL(endpoint, clientID, reference)            what the browser is sent to
//
// Invariants: a reference is used once (§4); no request_uri is inside a pushed
// request (§2.1). Not here: signing the request (package assertion).
package pushed
