package broker

import "time"

// optional makes the zero time absent.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}
