// Package powerplatform reads custom connectors of Power Platform:
// apiDefinition.swagger.json with apiProperties.json, one connector or a
// directory full of them.
//
// The flow: [Read] puts the files of each directory together (read.go);
// package openapi reads the definition; connection parameters become a
// provider for each way to authorize (connection.go), whose endpoints stand in
// the file, in templates, or are those of a known identity provider
// (identity.go, template.go); policies become base URL, headers, query and
// operations (policy.go, expression.go).
//
// Invariants:
//   - A secret parameter becomes no variable: variables are not sealed.
//   - What a policy does to some operations is done to those alone.
//
// Not in it: scripts, triggers, and what policies do to answers.
package powerplatform
