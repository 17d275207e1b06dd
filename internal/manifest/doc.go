// Package manifest is the desired state of an installation as YAML: the
// providers, clients and connections there should be.
//
// The flow: [Parse] reads one or several files into a [Manifest], takes
// secrets from the environment or from files, and reports every mistake with
// its line; [Manifest.Check] looks whether what is referred to exists; [Make]
// compares with the present [State] and gives a [Plan]; [Export] is the way
// back.
//
// Invariants:
//   - Exporting a state, parsing that and planning against the same state
//     gives a plan without changes.
//   - No secret is exported, and none stands in a plan or an error.
//   - A plan is in an order that can be carried out: what others refer to is
//     made first and deleted last.
//
// Not in it: the server. Whoever applies a plan writes through the API, which
// checks what a description means.
package manifest
