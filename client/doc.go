// Package client is the Go SDK of Valetkey's REST API. It needs nothing but
// the standard library.
//
//	c, err := client.FromEnvironment()
//	res, err := c.Call(ctx, "contoso-mail", client.CallRequest{Path: "/me/messages"})
//	api := c.HTTPClient("contoso-mail") // for an SDK that takes an *http.Client
//
// Map:
//
//	client.go       Options, New, FromEnvironment, NewForHandler
//	collection.go   list, get, put, patch, delete of one kind of thing
//	connections.go  what can be done with a connection: authorize, token, test, …
//	flows.go        an authorization in progress
//	keys.go         callers' keys
//	call.go         a streamed request of an API through /proxy/
//	pages.go        a request and the pages that follow its answer
//	operations.go   named requests of a connection, and their items
//	roundtrip.go    the same as an http.RoundTripper, for other people's SDKs
//	wire.go         one JSON request and its answer; errors.go what went wrong
//	unix.go         over a unix socket; memory.go to a handler in this process
//
// Invariants:
//
//   - An error that Valetkey answered is an [api.Problem] for errors.As. A
//     server that cannot be reached is an [UnreachableError], which holds a
//     Problem too.
//   - The key goes to the server of [Options.URL] and nowhere else: redirects
//     are not followed.
//   - Bodies stream both ways in [Client.Call]; JSON answers are bounded.
//
// Not in it: OAuth. The server holds the tokens; [Client.Token] is for the
// programs that cannot send their requests through it.
package client
