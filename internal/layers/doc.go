// Package layers holds the architecture's rules as tests; it has no code.
//
// layers_test.go: every package has a layer and imports strictly lower ones;
// bans name what a layer alone would let through, each with its reason.
// reach_test.go: names of the standard library that only some packages may use,
// such as dialers and server types. budgets_test.go and package_test.go: how
// long, deep and wide code may grow, and what every package must have.
// dependencies_test.go: each direct dependency is accounted for in
// docs/dependencies.md. source_test.go reads the module once for all of them.
//
// A failure names the file and line, the number and the rule. When a rule is
// wrong, change it here and say why in docs/adr: a package that is not in the
// table fails on purpose, because placing it is a decision.
//
// Behaviour is not tested here.
package layers
