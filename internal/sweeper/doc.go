// Package sweeper renews tokens before anyone needs them, and keeps grants
// alive that nobody uses.
//
//	Run: every second, and when a full lane has room again
//	     ─▶ claim what is due (in the database, so that nodes share it)
//	     ─▶ a lane for each provider: so many at once, so many a second,
//	        closed while the provider is down ─▶ Renew
//
// What is due, and when again, is the broker's to say (its Sweep).
//
// Invariants:
//   - A connection that was claimed is either renewed, put off by the broker,
//     or comes back by itself when its claim ends.
//   - A provider that is slow or down holds up its own connections only.
//   - While a provider is down one connection asks whether it is back.
//
// Not in it: leases and saves (package broker), which make a renewal safe
// whoever starts it.
package sweeper
