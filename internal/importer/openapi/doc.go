// Package openapi reads descriptions of APIs: OpenAPI 3.0, 3.1 and 3.2, and
// Swagger 2.0, as JSON or YAML.
//
// The flow: [Read] parses the files and takes each that is a description
// (read.go). Security schemes become grants, and grants that share endpoints
// become one provider (security.go, group.go); servers become its base URL
// with variables (server.go); paths become operations with their parameters
// and bodies (operation.go, parameter.go, body.go). References are followed
// inside the files that were given (ref.go).
//
// It reads the tree itself. The libraries that know the whole of OpenAPI build
// every schema of a document before they answer, want it valid, and follow
// references to files and addresses unless told not to; of all that this
// package needs a twentieth, from documents as they are found.
//
// Invariants:
//   - Nothing is fetched: a reference to an address is a note.
//   - A reference that leads back to itself ends.
//   - An operation that the server would refuse is left out, with a note.
//
// Not in it: schemas, but for the type of a parameter; answers; whether the
// API behaves as described.
package openapi
