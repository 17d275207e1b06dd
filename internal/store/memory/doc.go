// Package memory holds stores over maps, for tests that need a fast one. They
// forget, and pass the same contract as the stores that do not.
//
//	Store      ledger.Store and access.KeyStore
//	Operators  access.OperatorStore
//
// Not in it: SQL, and whatever a store does beyond its contract.
package memory
