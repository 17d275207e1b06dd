// Package target is the API of one connection, ready to be called: where it
// lies, where the token goes, and what its refusals and limits look like.
//
//	Check  call settings as they are written     check.go
//	New    the same with variables filled in     build.go
//	Target what package call works from          target.go
//
// Invariants: a Target holds no secret and is not changed once it is made, so
// calls share it. A base URL never leaves the hosts that the client allows.
//
// Not in it: the call itself (package call), tokens (package broker).
package target
