// Package brokertest holds the contract of the stores: the suite that every
// store must pass. Package memory is the fastest of those.
//
//	Store    everything that the comments of broker.Store promise
//	Durable  what was written is there after the store is opened again
//	Keys     the same for access.KeyStore
//
// A store's own test is a call of each:
//
//	func TestContract(t *testing.T) { brokertest.Store(t, open) }
//
// Invariant: the suite knows stores by their interfaces alone. What one store
// does beyond them is tested beside that store.
//
// Not in it: tests of the broker, fakes of anything but the stores.
package brokertest
