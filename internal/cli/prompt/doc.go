// Package prompt is what every command stands on: where it reads and writes,
// the flags they all take, the way to Valetkey, and how an error ends.
//
// Map:
//
//	prompt.go      Prompt: streams, surroundings and global flags of one command line
//	settings.go    flags and environment, which of them wins
//	session.go     the three ways in: a server by URL, a server by its socket, this process
//	failure.go     what an error says on stderr and which exit code it is
//	output.go      results, by way of package console
//	credential.go  secrets from files, stdin or a prompt without echo
//	complete.go    names for the shell
//	pairs.go       flags of the form k=v
//	browser.go     the person's browser
//
// Invariant: nothing here knows a command.
//
// Not in it: the commands (packages connection, arrange and operate), Main and
// the root command (package cli).
package prompt
