// Package demo is the practice run behind valetkey demo: Valetkey and the
// practice provider in one process, and eight steps that show and prove the
// way from registration to a renewed token.
//
// Map:
//
//	demo.go      Run: starts the parts, plays the steps, stays or ends
//	steps.go     the steps, in the order they are told
//	provider.go  the practice provider behind a listener, also for valetkey sandbox
//	journey.go   a browser that fills in the practice provider's pages by itself
//
// Flow: Run → provider and server listen → steps, each of which acts through
// package client over HTTP and checks what came of it → Ctrl-C or the end.
//
// Invariants:
//
//   - A step that did not show what it says it shows is an error: a run that
//     ends well is a proof.
//   - The steps use what any program could use: a key, HTTP, the browser's
//     pages. Only the key itself is made through the server's own door.
//   - The browser is for the practice provider alone.
//
// Not in it: flags, data directories and exit codes, which are package cli's;
// how the practice provider behaves, which is package sandbox's.
package demo
