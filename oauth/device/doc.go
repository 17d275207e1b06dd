// Package device is the OAuth 2.0 Device Authorization Grant (RFC 8628): the
// way to authorize where there is no browser on the machine.
//
//	Request.HTTP → Request.Judge → Authorization   request.go, response.go §3.1, §3.2
//	show UserCode and VerificationURI              §3.3
//	NewPoll → Poll.Next → Step                     poll.go §3.4, §3.5
//
// The caller waits as long as a Step says, sends an oauth.TokenRequest with
// Grant and Params, and hands the outcome to Poll.Next, until the Step is
// final. Everything is pure: the time is passed in, and a Poll is a value that
// can be stored between two polls.
//
// What the pages and the command line owe (§3.3, §3.3.1): show UserCode and
// VerificationURI as text, always, and ask the person to compare the code;
// VerificationURIComplete is an addition (a link, a QR code), never instead,
// and UserCode is shown beside it. Start only when a person asked for it
// (§3.1), and after an expiry only when asked again (§3.5).
//
// Invariants:
//
//   - Never polled faster than the server allows: at least the interval, 5 s
//     more for good after each slow_down, twice as long after each time-out.
//   - Any error the RFC does not name ends the polling.
//   - The device code is a secret and redacts itself; only web addresses are
//     given out to be shown.
//
// Not here: timers, storage, the token response (package oauth judges it).
package device
