// Package shelf holds what an action brought until the page that it redirects
// to is shown.
//
//	an action ─▶ Put ─▶ …?shown=ID ─▶ Take ─▶ the page
//
// Invariants: only the session that put something takes it; nothing stays
// longer than its time, nothing is written to disk, and the oldest goes when
// there is too much. It may hold an API's answer, a new key or a form's secret.
//
// Not in it: what is held.
package shelf
