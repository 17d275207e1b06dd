package console

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// When is a time and how far it is from now, or a dash.
func When(t *time.Time, now time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	gap := t.Sub(now).Round(time.Second)
	switch {
	case gap == 0:
		return t.Local().Format("2006-01-02 15:04:05") + " (now)"
	case gap > 0:
		return t.Local().Format("2006-01-02 15:04:05") + " (in " + Span(gap) + ")"
	}
	return t.Local().Format("2006-01-02 15:04:05") + " (" + Span(-gap) + " ago)"
}

// Span rounds a duration to its two largest units.
func Span(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

// OrDash is s, or a dash for nothing.
func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// YesNo is a truth in a word.
func YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Paragraph keeps a provider's own words, which may hold anything, from
// moving the cursor or faking a line of ours.
func Paragraph(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, strings.TrimSpace(s))
}

// Pairs writes a map as k=v, sorted.
func Pairs(m map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, key+"="+m[key])
	}
	return strings.Join(out, " ")
}
