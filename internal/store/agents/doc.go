// Package agents keeps agents and their tunnels in the database. It is SQL like
// package store, on whose transactions it runs.
//
//	agent.go   agents, and which run of an agent's program counts
//	tunnel.go  the tunnels that stand, written by the node that has them
//
// Invariants: a token is kept by its hash. Which run counts changes in one
// transaction, and every node hears of it.
//
// Not in it: what a tunnel is (package tunnel), who may open one (package agent).
package agents

import "github.com/valetkey/valetkey/internal/store"

// Desk works on one database. Its methods may be called at the same time.
type Desk struct{ DB *store.DB }
