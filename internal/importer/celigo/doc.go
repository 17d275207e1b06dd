// Package celigo reads connections and iClients of Celigo integrator.io as its
// API gives them (GET /v1/connections, /v1/iClients), one or a list.
//
// The flow: [Read] sorts the documents; a connection of type http with OAuth
// becomes a form (oauth.go) with its iClient where the input has it; what it
// says of calls becomes the api block (calls.go); Handlebars templates become
// our variables (template.go).
//
// Invariants: those of packages draft and form. The API masks secrets as
// asterisks: they are noted, never carried over as if they were values.
//
// Not in it: connections of other types and authentications; they are noted.
package celigo
