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

// value is what a block says; nothing when it is absent.
func value[T any](block *T) T {
	if block == nil {
		return *new(T)
	}
	return *block
}
