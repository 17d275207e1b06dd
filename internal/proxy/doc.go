// Package proxy serves /proxy/{connection}/{path…}: any method, streamed both
// ways, through package call.
//
//	request ─▶ Split (raw path) ─▶ Engine.Do ─▶ header ─▶ copy, flush as it comes ─▶ trailer
//	              error ─▶ ErrorWriter                      101 ─▶ hijack, copy both ways
//
// Invariants:
//   - It reads the path as the caller encoded it. It must be mounted before
//     any [http.ServeMux], which would clean the path and redirect.
//   - Callers were authorized before: it trusts that the request may use the
//     connection that [Split] names.
//   - What an API says before its answer (103 and other 1xx) is passed on at once.
//   - Memory per call is one pooled buffer, whatever the size of the bodies.
//   - No shared cache may keep an answer, which is for one connection's callers.
//   - A protocol that was switched ends one way at a time.
//   - An answer that breaks off breaks the caller's connection off too: half
//     an answer never looks whole.
//
// Not in it: keys, tokens, and which headers reach the API (package call).
package proxy
