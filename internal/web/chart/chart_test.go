package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// drawn counts the elements of a picture by name and class; it fails on markup
// that is not well-formed.
func drawn(t *testing.T, picture string) map[string]int {
	t.Helper()
	found := make(map[string]int)
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if element, ok := token.(xml.StartElement); ok {
			found[element.Name.Local]++
			for _, a := range element.Attr {
				if a.Name.Local == "class" {
					found[element.Name.Local+"."+a.Value]++
				}
			}
		}
	}
}

func TestEventsLieWhereTheyHappened(t *testing.T) {
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	to := from.AddDate(0, 0, 30)
	picture := string(Timeline(`a "name" <b>`, []Mark{
		{from.AddDate(0, 0, -1), "good", "too early"},
		{from.AddDate(0, 0, 15), "good", "<script>"},
		{from.AddDate(0, 0, 15).Add(time.Minute), "good", "close by"},
		{from.AddDate(0, 0, 15), "bad", "refused"},
	}, from, to))
	found := drawn(t, picture)
	if found["circle.good"] != 1 || found["circle.bad"] != 1 || found["script"] != 0 {
		t.Errorf("%v", found)
	}
	if !strings.Contains(picture, `cx="400"`) || strings.Contains(picture, "too early") || !strings.Contains(picture, "close by") {
		t.Error(picture)
	}
	if n := found["text"]; n < 4 || n > 8 {
		t.Errorf("%d dates", n)
	}
}

func TestALineOfTimeHasAtMostEightTicksHoweverLongItIs(t *testing.T) {
	to := time.Date(2026, 3, 1, 10, 7, 3, 0, time.UTC)
	for span, form := range map[time.Duration]string{
		time.Minute: "15:04:05", 7 * time.Minute: "15:04", 50 * time.Minute: "15:04", 26 * time.Hour: "15:04",
		3 * 24 * time.Hour: "Jan 2", 30 * 24 * time.Hour: "Jan 2", 400 * 24 * time.Hour: "Jan 2",
	} {
		picture := string(Timeline("x", nil, to.Add(-span), to))
		step, got := scale(span)
		if n := len(ticks(to.Add(-span), to, step)); n < 2 || n > 9 || got != form || drawn(t, picture)["text"] != n {
			t.Errorf("%s: %d ticks, each %s apart, written as %s", span, n, step, got)
		}
	}
	if picture := string(Timeline("x", nil, to.Add(-time.Hour), to)); !strings.Contains(picture, `data-at="2026-03-01T10:00:00Z">10:00</text>`) {
		t.Error(picture)
	}
}

func TestAnEmptyPictureIsOneStill(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	if found := drawn(t, string(Timeline("x", []Mark{{now, "good", ""}}, now, now))); found["svg"] != 1 {
		t.Error(found)
	}
	if found := drawn(t, string(Plot("x", nil, nil))); found["svg"] != 1 || found["rect"] != 0 {
		t.Error(found)
	}
}

func TestAPlotShowsWhatFailedOnTheSameScale(t *testing.T) {
	picture := string(Plot("calls", []int{0, 10, 20}, []int{0, 5, 0}))
	found := drawn(t, picture)
	if found["rect.neutral"] != 2 || found["rect.bad"] != 1 {
		t.Errorf("%v", found)
	}
	if !strings.Contains(picture, `height="44.0"`) || !strings.Contains(picture, `height="11.0"`) {
		t.Error(picture)
	}
}
