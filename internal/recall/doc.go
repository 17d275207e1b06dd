// Package recall is a bounded cache for values read from a store, which never
// brings back what was dropped while it was being read.
//
//	v, at, ok := cache.Get(name)
//	if !ok { read the store; cache.Put(name, v, at) }
//
// Not in it: reading, expiry, and eviction by use: what it holds is cheap to
// read again.
package recall
