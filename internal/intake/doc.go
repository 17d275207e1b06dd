// Package intake says which requests are taken in at all, before anything is
// made of them: how large they may be, and how many one caller may have under
// way.
//
//	Oversized(request) ─▶ a status and an error that names the limit
//	Crowd.Enter(caller) ─▶ whether one more may begin
//
// Invariants: looking costs no memory. Limits of time are the server's (package
// app), those of an API are package call's.
package intake
