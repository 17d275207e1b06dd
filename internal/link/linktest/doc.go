// Package linktest is what tests of links share: a store that forgets, and the
// contract that every link store keeps.
//
//	Store(t, open)   runs the contract
//	NewMemory()      a link.Store in memory
//
// Invariants: values are copied on their way in and out.
//
// Not in it: links themselves (package link).
package linktest
