// Package lifetime has a [context.Context] for what happens at every call: it is
// a part of the struct that needs one, and costs no memory of its own. The
// contexts of package context cost four to seven allocations for a request that
// is passed on: each with a function that cancels it, a place among its
// parent's children, and a channel.
//
//	front: one for each request ─ Begin ─▶ call: one for each attempt ─ Watch ─▶ h1: the connection
//
// Invariants:
//   - A Context goes on until its End or its parent's, whichever is first, and
//     never twice. Each must be ended, or its parent would remember it.
//   - Who watches is told once, on the goroutine that ends the context, and not
//     after a Stop that reported true.
//   - Contexts of package context below one of these are told through its
//     AfterFunc method, so that none needs a goroutine.
//
// Not in it: values, and limits of time of its own.
package lifetime
