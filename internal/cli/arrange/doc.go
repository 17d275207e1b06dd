// Package arrange holds the commands that arrange what connections stand on:
// the group "Arrange them" of the help.
//
// Map: a file per command, named like it: client, providers, apply, export,
// import. Export and apply are two ends of one form, package manifest; apply.go
// carries out the plan that both apply and import make.
//
// Invariant: a plan is shown before anything changes, and secrets go from file
// to server without being shown.
//
// Not in it: what a manifest means (package manifest), what other tools'
// files mean (packages importer/...), what commands share (package prompt).
package arrange

import "github.com/valetkey/valetkey/internal/cli/prompt"

// Commands makes the commands of this package.
type Commands struct{ *prompt.Prompt }
