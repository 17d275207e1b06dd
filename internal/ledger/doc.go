// Package ledger is what the broker keeps, and what a store must promise to
// keep it: clients, connections, token sets, flows, events and leases.
//
// model.go holds the nouns, store.go the interfaces that package store
// implements for SQLite and PostgreSQL and package brokertest checks,
// place.go where each sealed value belongs, change.go how several processes
// on one store tell each other what they changed.
//
// Invariants:
//   - Secrets are here as secret.Sealed only.
//   - Every write of a store is durable when it returns.
//
// Not in it: SQL (package store), and what is done with all this (packages
// arrangement, authorize and broker).
package ledger
