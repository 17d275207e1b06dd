// Package app turns a configuration into running parts, by hand and top to
// bottom: [Open] is the object graph, [Listen] adds the listeners, [Server.Run]
// serves until it is told to stop.
//
//	Open:   data directory ─▶ store ─▶ keyring ─▶ egress ─▶ broker ─▶ call ─▶ proxy, rest, web ─▶ handler
//	Listen: TCP and the unix socket, then Open
//	Run:    serve, write what is buffered now and then, forget what another node changes, stop gently
//
// Invariants: a keyring that does not fit the database stops the start before
// any secret is written. The keyring file is made once, when neither it nor
// anything sealed with it exists. What serves on the unix socket, and the
// handler for the command line's own process, is the operator's.
//
// Not in it: flags and environment (package cli), any rule of the domain.
package app
