// Package api holds the wire types and error codes of Valetkey's REST API.
//
// The same types describe providers, clients and connections everywhere: in
// JSON, in YAML (by their JSON names), in the Go SDK and inside the server.
// They are plain data and import the standard library and the rule types of
// package oauth, nothing else.
//
// Map:
//
//	provider.go    an authorization server and the API behind it, as data
//	settings.go    how to call an API: the api block of providers and connections
//	client.go      a registration at a provider
//	connection.go  one grant and its state
//	flow.go        an authorization in progress
//	token.go       an access token handed to a caller
//	call.go        a request made through a connection, and its answer
//	operation.go   a request with a name, its parameters, and its answer's pages
//	key.go         what a caller shows to Valetkey
//	event.go       what happened to a connection
//	problem.go     errors (RFC 9457) and their codes
//
// Invariant: no response type carries a secret. A secret is written through a
// Spec type and reads back as [Mask]. The one exception is [AccessToken],
// which is what its endpoint is for.
package api
