// Package authorize is how a person grants access: by the browser that comes
// back with a code, by a code typed elsewhere, or with tokens brought along.
//
//	Begin ─▶ flow stored ─▶ Start ─▶ provider ─▶ Complete ─▶ token set saved   (flow.go, complete.go)
//	Begin ─▶ flow stored ─▶ code typed elsewhere ─▶ Flow polls                  (device.go)
//	Import ─▶ token set saved                                                   (importtoken.go)
//	Begin ─▶ an administrator's consent ─▶ their sign-in proves it ─▶ kept        (consent.go)
//
// Invariants:
//   - A flow is stored before its address is known to anyone, and taken once.
//     Its state is stored as a hash, its verifier sealed.
//   - A flow ends in the browser that began it.
//   - Another account never takes over a connection: it is refused. Nor does
//     another organisation than the one whose administrator consented.
//
// Not in it: pages and cookies (package web), renewals (package broker).
package authorize
