// Package curl reads curl command lines: a request of a token becomes a
// provider with a client and a connection, a call with a Bearer token becomes
// the address of the API, a test request and a token.
//
// The flow: [Read] splits the text into commands as the shell does (shell.go),
// reads each command's options (command.go), and puts together what the
// commands say (curl.go).
//
// Invariants: those of packages draft and form. Nothing is run and nothing is
// expanded: $NAME becomes a variable without a value.
//
// Not in it: other commands in the text; they are noted.
package curl
