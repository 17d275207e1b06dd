// Package console is the operator's pages.
//
//	/overview                     what needs a person, on top; how many of each state
//	/connections                  search, filter, sort, keyset pages, bulk actions
//	/bulk/{id}                    an action on a whole list, in the background
//	/connections/{name}           state, token, scopes, events, calls; try it, run an operation, test, debug, renew, revoke, delete, export
//	/clients /providers /keys     lists; a key is made here and shown once
//	/calendar                     what ends, week by week
//	/audit /keyring               who changed what; the keys that seal secrets
//
// Each action is a form that is posted and answered by a redirect. What an
// action brings (an API's answer, a new key) waits in memory for the page that
// it redirects to, for the session that asked.
//
// Invariants: nothing here decides what the domain decides; no page shows a
// token; a list costs one page of rows however long it is.
//
// Not in it: who may come in (package session), rules of connections.
package console
