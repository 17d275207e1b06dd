// Package trial tries a connection out, leg by leg, and says which one fails.
//
//	Run ─▶ token: a credential is there, or is obtained
//	    ─▶ introspection: what the provider says of it, where it can be asked
//	    ─▶ request: the test request of the connection or its provider, judged
//	    ─▶ refresh: the token is renewed now, though it is not due
//	    ─▶ again: the same request with the new token
//	    ─▶ clock: how far the provider's is from ours, as its answers showed
//
// Renewing and asking again find what otherwise shows an hour later: a grant that cannot be
// renewed. They are left out where nothing renews the token without a person,
// and where the caller may not renew it.
//
// Invariants: the first leg that fails is the last one but for the clock, which
// may be why. Each leg that fails says
// what to do about it.
//
// Not in it: the call (package call), the rules of success (package answer).
package trial
