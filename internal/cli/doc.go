// Package cli is the command line, all of it over the SDK of package client.
// It holds Main and the root command; the commands stand in the packages below
// it, one file per command, and a file is named like its command.
//
// Map:
//
//	main.go      Main: arguments in, exit code out; the root command and its groups
//	prompt       what every command needs: flags, the way in, output, errors, exit codes
//	connection   use connections: connect, call, run, list, show, token, test, …
//	arrange      arrange them: providers, client, apply, export, import
//	operate      run Valetkey: serve, sandbox, key, demo, version
//	testdata     every command through the real Main, as scripts
//
// Flow: flags → prompt.Session (way in) → client → REST → a value → output. A
// command returns an error; only Main prints it and only Main chooses the exit
// code.
//
// Invariants:
//
//   - stdout holds what was asked for and nothing else; everything said on the
//     way goes to stderr, so that a command can stand in a pipe.
//   - Only token and key create print a secret. A secret is never a flag's
//     value: it comes from a file, stdin or a prompt without echo.
//   - Exit codes are part of the contract; prompt/failure.go has them all.
//
// Not in it: any rule of the domain. What a command can do, the REST API can.
// How things look on a terminal is package console; the practice run, package
// demo.
package cli
