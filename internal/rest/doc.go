// Package rest is the JSON API: what scripts, other programs and the command
// line use. All routes stand in routes.go; there is one file per noun.
//
//	request ─▶ request id, recovery                          (middleware.go)
//	        ─▶ /proxy/…: key, MayCall ─▶ package proxy       (auth.go)
//	        ─▶ /v1/…: cross-site check ─▶ key ─▶ right ─▶ handler ─▶ JSON
//	        ─▶ the rest: package web
//	error   ─▶ problem+json, in one place                    (problem.go)
//
// The route table is the source of three things: the mux, what a caller needs
// to be allowed (a right beside each route), and the OpenAPI document with its
// page at /docs.
//
// Invariants:
//   - A connection that the caller may not know of is answered like one that
//     does not exist, word for word.
//   - Bodies are read strictly: an unknown field is an error that names it.
//   - An unexpected error is logged under the request's id and never shown.
//   - The Host header builds no URL, and no cookie gives authority.
//
// Not in it: what a route does (package broker), how an API is called
// (package call), pages for people (package web).
package rest
