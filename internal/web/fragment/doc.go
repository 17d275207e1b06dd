// Package fragment brings an answer home that a provider put behind the # of
// the callback's address (RFC 6749 section 4.2.2): only the browser sees it
// there, so a page of ours posts it back.
//
//	Page     for a callback without parameters
//	Script   what the page runs: a file, as the policy of our pages wants it
//
// Invariants: nothing is read from the fragment that goes elsewhere than to our
// own address, and it is taken out of the address bar and the history first.
//
// Not in it: what the answer is worth (package authorize).
package fragment
