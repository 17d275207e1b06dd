// Package session lets operators into the pages and out of them again.
//
//	/first-run?code=…   a one-time code ─▶ name and password ─▶ signed in
//	/sign-in            name and password, or an OpenID provider ─▶ cookie ─▶ where one wanted to go
//	/account            a new password, sign out everywhere
//	Guard               cookie ─▶ session ─▶ the viewer of a page; forms show the session's token
//
// Invariants: the cookie's value is 256 random bits that no page shows; a form
// is taken from our own pages only, which the browser says and the token
// proves; nothing but a path of ours is ever redirected to; an OpenID provider's
// word counts when its signature does, for accounts that are listed.
//
// Not in it: passwords, sessions and waiting times themselves (package access).
package session
