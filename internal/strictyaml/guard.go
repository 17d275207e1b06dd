package strictyaml

import "go.yaml.in/yaml/v4"

// The limits of a document. The parser has limits of its own, ten thousand
// levels, which its stack bears; what is read on from here has these.
const (
	maxSize       = 64 << 20 // bytes
	maxNesting    = 200      // levels of maps and lists
	maxAliasNodes = 100_000  // nodes decoded by way of aliases
	maxProblems   = 20       // shown in one message
)

// tooDeep finds a node that lies more than maxNesting levels deep, or nil.
// Levels are counted as people do: a map within a map is one more, however it
// is laid out.
func tooDeep(n *yaml.Node, level int) *yaml.Node {
	if n == nil || n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode {
		return nil
	}
	if level > maxNesting {
		return n
	}
	for _, inner := range n.Content {
		if found := tooDeep(inner, level+1); found != nil {
			return found
		}
	}
	return nil
}
