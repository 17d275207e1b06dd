// Package proof says which test holds which statement: of the protocol
// (protocol.tsv, the numbered list of what an OAuth client must do) and of what
// must survive (faults.tsv). From them come docs/conformance.md and
// docs/reliability.md.
//
// A line names its statement, and the tests that hold it, or why it does not
// apply, or that it is open. A test that is named must be there; what a line
// says of an id must be said once. The verdict of a named test is that of the
// test run: ./test.sh is green only when all of them pass.
//
// The package holds tests only.
package proof
