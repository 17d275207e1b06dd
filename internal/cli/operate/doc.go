// Package operate holds the commands that run Valetkey itself: the group "Run
// Valetkey" of the help, and the demo.
//
// Map: a file per command, named like it: serve, sandbox, key, demo, version.
//
// Invariant: settings come from flag, environment and file, in this order.
//
// Not in it: the server (package app), the practice run (package demo), what
// commands share (package prompt).
package operate

import "github.com/valetkey/valetkey/internal/cli/prompt"

// Commands makes the commands of this package.
type Commands struct{ *prompt.Prompt }
