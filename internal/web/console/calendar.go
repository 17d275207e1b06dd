package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

const (
	calendarWeeks = 26
	calendarLimit = 500 // of each kind
	calendarWeek  = 8   // named in a week; the others are counted
	calendarPast  = 20  // named of what has ended
)

// week is what ends in the seven days from a Monday.
type week struct {
	From, To time.Time
	Endings  []ending
	Count    int
}

// calendarPage is what ends in the coming half year.
type calendarPage struct {
	Past     []ending
	PastMore int    // what has ended and is not named
	Weeks    []week // those in which something ends
	Until    time.Time
	Cut      bool // there are more than were counted
}

// More is how many are not named.
func (w week) More() int { return w.Count - len(w.Endings) }

func (c *Console) calendar(w http.ResponseWriter, r *http.Request) error {
	clients, err := c.Catalogue.Clients(r.Context(), ledger.Page{})
	if err != nil {
		return err
	}
	monday := mondayOf(c.Now())
	p := calendarPage{Until: monday.AddDate(0, 0, 7*calendarWeeks)}
	found, err := c.endings(r.Context(), clients, p.Until, calendarLimit)
	if err != nil {
		return err
	}
	p.Cut = len(found) >= calendarLimit
	for _, e := range found {
		if e.Past {
			if len(p.Past) < calendarPast {
				p.Past = append(p.Past, e)
			} else {
				p.PastMore++
			}
			continue
		}
		from := mondayOf(e.At)
		if n := len(p.Weeks); n == 0 || !p.Weeks[n-1].From.Equal(from) {
			p.Weeks = append(p.Weeks, week{From: from, To: from.AddDate(0, 0, 6)})
		}
		last := &p.Weeks[len(p.Weeks)-1]
		last.Count++
		if len(last.Endings) < calendarWeek {
			last.Endings = append(last.Endings, e)
		}
	}
	return c.render(w, r, "calendar", p)
}

// mondayOf is the beginning of an instant's week (ISO 8601), in UTC.
func mondayOf(at time.Time) time.Time {
	day := at.UTC().Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

func sortEndings(found []ending) {
	slices.SortFunc(found, func(a, b ending) int {
		if by := a.At.Compare(b.At); by != 0 {
			return by
		}
		return strings.Compare(a.Name, b.Name)
	})
}
