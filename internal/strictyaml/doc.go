// Package strictyaml reads YAML (and JSON, which is YAML) into Go values by
// their JSON tags, and writes it back.
//
// The flow: [Parse] makes a tree of a text, with the place of every node
// (document.go for YAML, json.go for JSON), and guard.go refuses what is nested
// too deeply; decode.go, mapping.go and scalar.go walk the tree along the Go
// type (fields.go) and collect every problem with its place instead of stopping
// at the first; problem.go turns them into one fault. encode.go and writer.go
// are the way back.
//
// Invariants:
//   - Every problem names file:line:column, what was expected, and where a key
//     is unknown the nearest known one.
//   - No value of the document is ever quoted in a message, only keys and
//     kinds, so that a secret cannot leak through an error. The one exception,
//     the words of a type's own UnmarshalJSON, is closed for keys that look
//     like secrets.
//   - Text is text: a number or yes/no where text is expected must be quoted.
//   - Time and stack are bounded: they grow with the size of a text, never with
//     the square of anything in it.
//   - Aliases and merge keys work, within a budget of [maxAliasNodes].
//
// Not in it: what a document means (packages catalog and manifest).
package strictyaml
