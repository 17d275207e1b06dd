package strictyaml

import (
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// The limits of a document. The parser is recursive and a Go stack overflow
// cannot be recovered from, so nesting is checked on the flat list of tokens.
const (
	maxSize       = 50 << 20 // bytes
	maxNesting    = 200      // levels of [, {, and of - or ? on one line
	maxAliasNodes = 100_000  // nodes decoded by way of aliases
	maxProblems   = 20       // shown in one message
)

// tokenize splits the text, or says at which token it is nested too deeply.
func tokenize(data []byte) (token.Tokens, *token.Token) {
	tokens := lexer.Tokenize(string(data))
	flow, openers := 0, 0
	var indents []int
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow = max(flow-1, 0)
		}
		openers = runOf(t, openers)
		indents = deepen(indents, t)
		if flow > maxNesting || openers > maxNesting || len(indents) > maxNesting {
			return nil, t
		}
	}
	return tokens, nil
}

// runOf counts tokens in a row that each may open a level.
func runOf(t *token.Token, before int) int {
	switch t.Type {
	case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType, token.MappingValueType:
		return before + 1
	default:
		return 0
	}
}

// deepen keeps the growing columns under which block content stands.
func deepen(indents []int, t *token.Token) []int {
	if t.Position == nil {
		return indents
	}
	column := t.Position.Column
	for len(indents) > 0 && indents[len(indents)-1] >= column {
		indents = indents[:len(indents)-1]
	}
	if t.Type == token.MappingValueType || t.Type == token.SequenceEntryType {
		indents = append(indents, column)
	}
	return indents
}
