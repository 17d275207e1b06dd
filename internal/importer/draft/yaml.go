package draft

import (
	"bytes"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// The YAML parser takes time that grows with the square of the keys of one
// map, and some 500 bytes for each token. These limits hold it to a few
// seconds and 2 GB; the largest published description of an API needs a
// tenth of them. JSON needs no such limits.
const (
	maxMapCost = 500_000_000 // sum over all keys of the keys before it in its map: 30,000 in one
	maxTokens  = 3_000_000
)

// checkYAML refuses a text whose parsing would not end in good time.
func checkYAML(name string, data []byte) error {
	if yamlTokens(data) <= maxTokens && mapCost(data) <= maxMapCost {
		return nil
	}
	return fault.New(api.CodeInvalid, "%s has more keys than can be read as YAML", name).
		WithHint("convert it to JSON")
}

// yamlTokens estimates from above how many tokens a text has.
func yamlTokens(data []byte) int {
	n := 0
	before := byte('\n')
	for _, b := range data {
		switch b {
		case '\n', '[', ']', '{', '}', ',':
			n++
		case '&', '*', '!', '?', '-', '|', '>':
			if before == ' ' || before == '\n' {
				n++
			}
		case ' ':
			if before == ':' {
				n++
			}
		}
		before = b
	}
	return n
}

// mapCost adds up the steps the parser takes along the maps of a text. It
// takes each line with a colon or question mark for a key of the map at its
// indent.
func mapCost(data []byte) int {
	var keys []int // of the open map at each indent
	cost := 0
	for len(data) > 0 && cost <= maxMapCost {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		text := bytes.TrimLeft(line, " ")
		if len(text) == 0 {
			continue
		}
		indent := min(len(line)-len(text), MaxDepth*8)
		for len(keys) <= indent {
			keys = append(keys, 0)
		}
		keys = keys[:indent+1]
		if bytes.ContainsAny(text, ":?") {
			keys[indent]++
			cost += keys[indent]
		}
	}
	return cost
}
