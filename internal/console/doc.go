// Package console is how the command line speaks with a person: what it prints,
// and what it asks for.
//
// Map:
//
//	print.go     Print: a result as a table, JSON or YAML; rows and fields
//	words.go     times, spans and other people's words made fit for a line
//	secret.go    ReadSecret: from a file, a pipe, or a prompt without echo
//	progress.go  Progress and Count: the seconds of a wait, the items so far; on a terminal only
//
// Invariants:
//
//   - JSON and YAML have the same names and leave out the same things.
//   - Words from elsewhere cannot move the cursor or fake a line of ours.
//   - A secret is never echoed, and never part of an error.
//
// Not in it: commands, flags and exit codes, which are package cli's.
package console
