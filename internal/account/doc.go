// Package account says who authorized a connection, and keeps it with them.
//
//	Read   the account from the ID token of a token answer
//	Pin    what to keep: the same account again, or a refusal
//	Label  its name, to show · Hint  its name, to offer at the provider
//
// What is kept is a text that only this package reads.
//
// Not in it: the rules of ID tokens (oauth/idtoken), storage (package broker).
package account
