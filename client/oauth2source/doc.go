// Package oauth2source gives the tokens of a Valetkey connection to programs
// that are built on golang.org/x/oauth2.
//
//	source := oauth2source.New(ctx, c, "contoso-mail")
//	http := oauth2.NewClient(ctx, source)
//
// Flow: [Source.Token] → [client.Client.Token] → the server, which renews the
// token where needed and alone keeps the refresh token.
//
// Invariants: the token has no refresh token, so that nobody refreshes beside
// the server and spends what it keeps. Each call asks the server, which
// answers from memory: a token that was revoked there is not handed out here
// any longer. [oauth2.ReuseTokenSource] around it saves the question until the
// token expires.
//
// Not in it: calls through Valetkey, which need no token at all: see
// [client.Client.HTTPClient].
package oauth2source
