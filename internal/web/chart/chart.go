package chart

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

// Mark is one event on a line of time.
type Mark struct {
	At    time.Time
	Class string // good, bad, neutral
	Label string // shown on hover
}

const (
	lineWidth, lineHeight = 800, 64
	plotWidth, plotHeight = 240, 48
	edge                  = 8
)

// Timeline draws marks between two instants. Marks of a class that would lie
// over each other become one, larger one.
func Timeline(name string, marks []Mark, from, to time.Time) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="timeline" viewBox="0 0 %d %d" role="img" aria-label="%s">`, lineWidth, lineHeight, template.HTMLEscapeString(name))
	fmt.Fprintf(&b, `<line class="axis" x1="%d" y1="32" x2="%d" y2="32"/>`, edge, lineWidth-edge)
	step, form := scale(to.Sub(from))
	for _, tick := range ticks(from, to, step) {
		x := position(tick, from, to)
		fmt.Fprintf(&b, `<line class="tick" x1="%d" y1="28" x2="%d" y2="36"/><text x="%d" y="60" data-at="%s">%s</text>`, x, x, x, tick.Format(time.RFC3339), tick.Format(form))
	}
	for _, g := range grouped(marks, from, to) {
		radius := min(5+g.count/3, 11)
		fmt.Fprintf(&b, `<circle class="%s" cx="%d" cy="%d" r="%d"><title>%s</title></circle>`,
			template.HTMLEscapeString(g.class), g.x, g.y, radius, template.HTMLEscapeString(g.label))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // every text is escaped above
}

type group struct {
	x, y, count  int
	class, label string
}

// near is how many units apart marks of a class are drawn on their own.
const near = 9

func grouped(marks []Mark, from, to time.Time) []group {
	var groups []group
	last := make(map[string]int) // by class: the index of its latest group
	for _, m := range marks {
		if m.At.Before(from) || m.At.After(to) {
			continue
		}
		x := position(m.At, from, to)
		if i, ok := last[m.Class]; ok && abs(groups[i].x-x) < near {
			groups[i].count++
			if groups[i].count <= 8 {
				groups[i].label += "\n" + m.Label
			}
			continue
		}
		last[m.Class] = len(groups)
		groups = append(groups, group{x: x, y: height(m.Class), count: 1, class: m.Class, label: m.Label})
	}
	return groups
}

// height keeps the classes apart, so that shape tells what colour tells.
func height(class string) int {
	switch class {
	case "good":
		return 32
	case "bad":
		return 14
	}
	return 44
}

func position(at, from, to time.Time) int {
	span := to.Sub(from)
	if span <= 0 {
		return edge
	}
	return edge + int(float64(at.Sub(from))/float64(span)*(lineWidth-2*edge))
}

// scale is how far apart the ticks of a line stand, at most eight of them, and
// what is written at each.
func scale(span time.Duration) (step time.Duration, form string) {
	const day = 24 * time.Hour
	for _, step := range []time.Duration{
		10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
	} {
		if span <= 8*step {
			if step < time.Minute {
				return step, "15:04:05"
			}
			return step, "15:04"
		}
	}
	return day * max(1, (span+7*day)/(8*day)), "Jan 2"
}

// ticks are the even instants (UTC) between two others, not too near the ends.
func ticks(from, to time.Time, step time.Duration) []time.Time {
	var found []time.Time
	for at := from.UTC().Truncate(step).Add(step); at.Before(to); at = at.Add(step) {
		if x := position(at, from, to); x > 20 && x < lineWidth-20 {
			found = append(found, at)
		}
	}
	return found
}

func abs(n int) int { return max(n, -n) }

// Plot draws a bar for each value; of each, the part that failed stands below
// in another colour. They share one scale.
func Plot(name string, values, failed []int) template.HTML {
	top := 1
	for _, v := range values {
		top = max(top, v)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %d %d" role="img" aria-label="%s" preserveAspectRatio="none">`, plotWidth, plotHeight, template.HTMLEscapeString(name))
	fmt.Fprintf(&b, `<line class="axis" x1="0" y1="%d" x2="%d" y2="%d"/>`, plotHeight-1, plotWidth, plotHeight-1)
	width := float64(plotWidth) / float64(max(len(values), 1))
	bar := func(class string, i, value int) {
		if value <= 0 {
			return
		}
		tall := max(float64(value)/float64(top)*(plotHeight-4), 2)
		fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, class, float64(i)*width, plotHeight-1-tall, max(width-1, 1), tall)
	}
	for i, v := range values {
		bar("neutral", i, v)
		if i < len(failed) {
			bar("bad", i, failed[i])
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // every text is escaped above
}
