package draft

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxNotes    = 1000 // different ones; what is beyond is counted
	maxNoteText = 300  // bytes of each part of a note
)

// Note says what could not be carried over. It quotes names of the input,
// never values that may be secret.
type Note struct {
	Where string `json:"where"`          // the first place it is about: file and path
	More  int    `json:"more,omitempty"` // further places that the same is said of
	What  string `json:"what"`           // what was found there
	Why   string `json:"why"`            // why it is not in the draft, or not as it was
	Do    string `json:"do,omitempty"`   // what the user may do about it
}

// String is the note as one line: where, what, why, do.
func (n Note) String() string {
	text := n.Where
	if n.More > 0 {
		text += fmt.Sprintf(" (and %d more)", n.More)
	}
	text += ": " + n.What
	if n.Why != "" {
		text += ": " + n.Why
	}
	if n.Do != "" {
		text += "; " + n.Do
	}
	return text
}

// Add notes something. Notes that differ only in where are one, counted: put
// names that differ from place to place into where, not into what.
func (d *Draft) Add(n Note) {
	if d.noted == nil {
		d.noted = make(map[Note]int)
	}
	n.Where, n.What, n.Why, n.Do = oneLine(n.Where), oneLine(n.What), oneLine(n.Why), oneLine(n.Do)
	key := n
	key.Where, key.More = "", 0
	at, again := d.noted[key]
	switch {
	case again:
		d.Notes[at].More += n.More + 1
	case len(d.noted) < maxNotes:
		d.noted[key] = len(d.Notes)
		d.Notes = append(d.Notes, n)
	default:
		d.overflow(n)
	}
}

// overflow counts a note for which there is no room.
func (d *Draft) overflow(n Note) {
	if d.dropped == 0 {
		d.Notes = append(d.Notes, Note{Where: n.Where, What: "further notes", Why: fmt.Sprintf("there are more than %d", maxNotes), Do: "split the input to see them all"})
	} else {
		d.Notes[len(d.Notes)-1].More++
	}
	d.dropped++
}

// Join takes over another draft: its things under names that are free here,
// its notes as they are.
func (d *Draft) Join(other Draft) {
	renamed := joinAll(d.Providers, other.Providers)
	clients := make(map[string]string, len(other.Clients))
	for _, name := range sorted(other.Clients) {
		spec := other.Clients[name]
		if now, ok := renamed[spec.Provider]; ok {
			spec.Provider = now
		}
		clients[name] = Put(d.Clients, name, spec)
	}
	for _, name := range sorted(other.Connections) {
		spec := other.Connections[name]
		if now, ok := clients[spec.Client]; ok {
			spec.Client = now
		}
		now := Put(d.Connections, name, spec)
		if token, ok := other.Tokens[name]; ok {
			d.Tokens[now] = token
		}
	}
	for _, n := range other.Notes {
		d.Add(n)
	}
}

func joinAll[T any](into, from map[string]T) map[string]string {
	renamed := make(map[string]string, len(from))
	for _, name := range sorted(from) {
		renamed[name] = Put(into, name, from[name])
	}
	return renamed
}

// oneLine is text of the input as it may stand in a note: no line breaks or
// control characters, not too long.
func oneLine(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	if len(text) <= maxNoteText {
		return text
	}
	end := maxNoteText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
