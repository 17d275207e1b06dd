// Package agent serves the operator's page of agents: which there are, whether
// they are connected, and how to start one.
//
// Invariants: a token is on the page that made it, once, and nowhere else.
//
// Not in it: the agents (package agent), tunnels (package tunnel), the frame of
// the pages (package page).
package agent
