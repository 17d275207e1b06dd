// Package backoff keeps what fails for now from being tried at every turn: by
// name, with a wait that doubles. It is memory only and forgotten at a restart.
//
// Not in it: retries of API calls (package call), which wait inside one call.
package backoff
