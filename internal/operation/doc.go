// Package operation runs named requests: an operation, its parameters and the
// pages of its answer.
//
//	Set.Find ─▶ New: values checked and read as their types      (set.go, value.go)
//	         ─▶ request: path, query, header, body filled in     (request.go, body.go)
//	         ─▶ Run.Each: send, take the items, find the next page, until the end
//	                                                             (run.go, item.go, page.go)
//	Columns: items as the rows of a table                        (column.go)
//
// Invariants:
//   - A value stays in its place: it is encoded for where it stands, so that no
//     parameter changes which request is made.
//   - A page that was there before ends the run with an error: no API makes it
//     go on for ever.
//   - Items pass through as the bytes that the API sent; numbers and the order
//     of members stay as they were.
//   - Nothing is sent before all parameters are right.
//
// Not in it: the call itself, its token, limits and retries (package call, by
// way of [Send]); whether an operation is well described (package catalog).
package operation
