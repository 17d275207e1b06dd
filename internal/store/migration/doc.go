// Package migration is the schema of both databases, step by step: numbered
// files, each handed to the database whole.
//
// Invariant: a step only adds, and what it adds may be left out by nodes of the
// version before, which go on working.
//
// Not in it: which steps have run, and running them (package store).
package migration
