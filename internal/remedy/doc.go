// Package remedy puts an authorization server's refusal into words: what it
// means, and what to change, where.
//
//	Explain(case, error) ─▶ a number the vendor documents? ─▶ entra.tsv
//	                     ─▶ else by error code and action  ─▶ explain.go
//
// Invariants: numbers choose words only; what is done about a refusal follows
// from its class (package oauth) and is decided in package broker. No text
// holds anything from the server but its own names, which are ours to print.
//
// Not in it: classification, states, and the checks of the doctor.
package remedy
