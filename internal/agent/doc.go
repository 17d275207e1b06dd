// Package agent knows the agents: who they are, which of them has a tunnel, and
// to which node.
//
//	Add ─▶ token, kept by its hash (token.go)
//	Connect ─▶ token known? ─▶ version fits? ─▶ this run is not replaced? ─▶ tunnel.Hub.Serve
//	           (registry.go)                    (the store claims it)       (connect.go)
//	Beat ─▶ the tunnels of this node are written, for the lists of all nodes
//	Absent ─▶ why a request finds no tunnel, and what to do (absent.go)
//
// Invariants:
//   - A token is kept by its SHA-256 and shown once.
//   - Of an agent's runs the newest counts, on all nodes. One that was replaced
//     is refused when it comes back.
//   - What is checked at each request is in memory. [Registry.Reload] follows
//     what other processes change.
//
// Not in it: the tunnels themselves (package tunnel), SQL (package store/agents),
// which request goes through which agent (package egress).
package agent
