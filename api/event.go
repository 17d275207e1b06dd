package api

import "time"

// Event is something that happened to a connection.
type Event struct {
	ID         int64             `json:"id"`
	At         time.Time         `json:"at"`
	Connection string            `json:"connection"`
	Kind       string            `json:"kind"` // authorized, refreshed, refresh_failed, refused, revoked, …
	Detail     map[string]string `json:"detail,omitempty"`
}

// EventList is one page of events, newest first.
type EventList struct {
	Events     []Event `json:"events"`
	NextCursor string  `json:"next_cursor,omitempty"`
}

// Version says which program answers.
type Version struct {
	Version string       `json:"version"`
	Go      string       `json:"go"`
	OS      string       `json:"os"`
	Arch    string       `json:"arch"`
	Apply   *ApplyStatus `json:"apply,omitempty"` // where the server applies files by itself
}
