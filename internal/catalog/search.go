package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// How well a word fits, from the best.
const (
	fitsWhole      = iota // it is the name or the title
	fitsWord              // it is a word of them, or a tag
	fitsStart             // a word or a tag begins with it
	fitsSomehow           // it stands anywhere in them
	fitsNowhere           //
	fitsAltogether = -1   // the whole search is the name or the title
)

// Search returns the providers that hold every word in their name, title or
// tags, as [Catalog.List] shows them: exact matches first, then what begins
// with a word, then what holds one; alike ones by name. Without a word it is
// the list.
func (c *Catalog) Search(words string) ([]api.Provider, error) {
	all, err := c.List()
	wanted := strings.Fields(strings.ToLower(words))
	if err != nil || len(wanted) == 0 {
		return all, err
	}
	type hit struct {
		provider api.Provider
		rank     int
	}
	var hits []hit
	for _, p := range all {
		if rank := fit(p, wanted); rank < fitsNowhere {
			hits = append(hits, hit{p, rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	found := make([]api.Provider, len(hits))
	for i, h := range hits {
		found[i] = h.provider
	}
	return found, nil
}

// fit is how well a provider fits all words: as well as the one that fits worst.
func fit(p api.Provider, words []string) int {
	title := strings.ToLower(p.Title)
	if p.Name == strings.Join(words, "-") || title == strings.Join(words, " ") {
		return fitsAltogether
	}
	parts := slices.Concat(strings.FieldsFunc(p.Name, between), strings.FieldsFunc(title, between))
	for _, tag := range p.Tags {
		parts = append(parts, strings.ToLower(tag))
	}
	worst := fitsWhole
	for _, word := range words {
		worst = max(worst, fitOne(word, p.Name, title, parts))
	}
	return worst
}

func fitOne(word, name, title string, parts []string) int {
	switch {
	case word == name || word == title:
		return fitsWhole
	case slices.Contains(parts, word):
		return fitsWord
	case slices.ContainsFunc(parts, func(part string) bool { return strings.HasPrefix(part, word) }):
		return fitsStart
	case strings.Contains(name, word) || strings.Contains(title, word):
		return fitsSomehow
	case slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(part, word) }):
		return fitsSomehow
	default:
		return fitsNowhere
	}
}

// between says that a rune stands between the words of a name or a title.
func between(r rune) bool { return strings.ContainsRune(" -.,:/()&", r) }
