// Package web is the browser's side: the landing page, the way to a provider
// and back, what became of an authorization, and the operator's pages.
//
//	GET  /                     landing
//	GET  /oauth/start/{flow}   binds the flow to this browser, sends it to the provider
//	GET  /oauth/callback       finishes the flow, sends the browser on to a clean address
//	POST /oauth/callback       the same for response_mode=form_post, sent round as a GET
//	GET  /oauth/done/{flow}    how the flow ended
//	GET  /static/…             the style sheet and the script, named by their content
//	GET  /favicon.ico          the icon
//	everything else            packages session (who comes in) and console (what they see)
//
//	web ─▶ session, console ─▶ page (frame, templates, words) · chart (pictures)
//
// Invariants: every page is rendered on the server, needs no script, and loads
// nothing from elsewhere. No page shows a code, a state or a token, and what a
// request or a provider says is escaped. No address is built from a request's
// Host.
//
// Not in it: any rule of a flow (package broker), the JSON API (package rest).
package web
