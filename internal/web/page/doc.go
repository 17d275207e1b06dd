// Package page is what all pages share: the frame, the words, the style sheet
// and the script, and how a page is written.
//
//	Render ─▶ templates/NAME.html in templates/frame.html ─▶ words/en.json ─▶ written whole or not at all
//
// A page's data is its handler's business; whoever is signed in comes from the
// request's context. Every text stands in words/en.json under a key: another
// language is another file with the same keys.
//
// Invariants: a page needs no script and loads nothing from elsewhere; no
// template writes a text of its own for people; every address on a page begins
// with the public URL's path; times are <time> elements.
//
// Not in it: routes and handlers (packages session, console and web).
package page
