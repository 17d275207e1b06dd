// Package connection holds the commands that make and use connections: the
// groups "Start here" and "Use connections" of the help.
//
// Map: a file per command, named like it, and
//
//	parts.go         what connect makes of its flags: provider, client, connection
//	authorize.go     connect's browser, the waiting, and what was reached
//	device.go        connect --device
//	callbody.go      what call sends
//	callout.go       what call prints
//	callpages.go     call --paginate
//	importtoken.go   import token
//
// Invariant: a command's answer goes to stdout, and everything said on the way
// to stderr.
//
// Not in it: what commands share (package prompt).
package connection

import "github.com/valetkey/valetkey/internal/cli/prompt"

// Commands makes the commands of this package.
type Commands struct{ *prompt.Prompt }
