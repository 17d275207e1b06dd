package prompt

import "strings"

// Pairs reads repeated k=v flags. A later one wins.
func Pairs(flag string, texts []string) (map[string]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(texts))
	for _, text := range texts {
		key, value, found := strings.Cut(text, "=")
		if !found || key == "" {
			return nil, Usage("write --"+flag+" NAME=VALUE", "--%s %q is not NAME=VALUE", flag, text)
		}
		out[key] = value
	}
	return out, nil
}
