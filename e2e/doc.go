// Package e2e tests the built binary against a real authorization server and
// through a real browser's steps; it holds no code but tests.
//
// The rig has three parts. startAuthServer runs oidc-provider, an
// authorization server that shares no code with this repository, under the
// Node that the fixture in oidc-provider/ pins. browser follows redirects and
// fills in forms over plain HTTP as a person at a browser would. run and
// startServe drive the valetkey binary, which is built once for the run.
//
// Beside it stands quirkServer, an authorization server with one switch for
// each type of quirk in the catalogue's schema (quirkdialect_test.go names
// them); quirktable_test.go has the description that a user writes for each.
//
// Invariants: every process is started on a free port and ended by its process
// id, every data directory is the test's own, and a part of the rig that is
// missing fails the test with the command that installs it. Only go test
// -short skips.
//
// What a package promises by itself is tested beside that package, not here.
package e2e
