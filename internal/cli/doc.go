// Package cli is the command line: one file per command, all of them over the
// SDK of package client.
//
// Map:
//
//	main.go      Main: arguments in, exit code out; the root command
//	settings.go  flags and environment, which of them wins
//	session.go   the three ways in: a server by URL, a server by its socket, this process
//	failure.go   what an error says on stderr and which exit code it is
//	output.go    results and prompts, by way of package console
//	NAME.go      the command of that name
//
// Flow: flags → session (way in) → client → REST → a value → output. A command
// returns an error; only Main prints it and only Main chooses the exit code.
//
// Invariants:
//
//   - stdout holds what was asked for and nothing else; everything said on the
//     way goes to stderr, so that a command can stand in a pipe.
//   - Only token and key create print a secret. A secret is never a flag's
//     value: it comes from a file, stdin or a prompt without echo.
//   - Exit codes are part of the contract; failure.go has them all.
//
// Not in it: any rule of the domain. What a command can do, the REST API can.
// How things look on a terminal is package console; the practice run, package
// demo.
package cli
