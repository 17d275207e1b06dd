package console

import (
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/target"
)

// scope is one permission, with what it means where that is written down.
type scope struct {
	Name, Meaning string
	State         scopeState
}

// scopeState says whether a scope was asked for, and what came of it.
type scopeState string

const (
	scopeGranted scopeState = "granted"
	scopeExtra   scopeState = "extra"   // granted, and nobody asked for it
	scopeMissing scopeState = "missing" // asked for, and the provider granted others
	scopeAsked   scopeState = "asked"   // what came of it is not known
)

// scopesOf lists what was asked for, the provider's own included, and what was
// granted. The connection's own stand first.
func scopesOf(c api.Connection, p api.Provider) []scope {
	var meanings map[string]string
	if p.Scopes != nil {
		meanings = p.Scopes.Meanings
	}
	grant := string(arrangement.GrantOf(c.ConnectionSpec, p))
	asked := slices.Concat(c.Scopes, (catalog.Resolved{Provider: p}).Scopes(grant, c.Scopes))
	var found []scope
	add := func(name string, state scopeState) {
		if !slices.ContainsFunc(found, func(s scope) bool { return s.Name == name }) {
			found = append(found, scope{name, meanings[name], state})
		}
	}
	for _, name := range asked {
		state := scopeAsked
		switch {
		case slices.Contains(c.MissingScopes, name):
			state = scopeMissing
		case slices.Contains(c.GrantedScopes, name), len(c.GrantedScopes) > 0 && slices.Contains(c.Scopes, name):
			state = scopeGranted
		}
		add(name, state)
	}
	for _, name := range c.GrantedScopes {
		add(name, scopeExtra)
	}
	return found
}

// history is what happened to a connection, as a table and as a picture.
type history struct {
	Events   []event
	Timeline template.HTML
}

// event is something that happened, in the order to be read.
type event struct {
	At     time.Time
	Kind   string
	Class  string
	Detail []detail
}

// detail is one thing that an event says: a text, or a time.
type detail struct {
	Name, Text string
	At         time.Time
}

func eventsOf(events []api.Event) []event {
	shown := make([]event, len(events))
	for i, e := range events {
		shown[i] = event{At: e.At, Kind: e.Kind, Class: EventClass(e.Kind)}
		for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
			text := e.Detail[name]
			if text == "" || name == "rotated" && text == "false" {
				continue
			}
			d := detail{Name: name, Text: text}
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				d.At = at
			}
			if name == "rotated" {
				d.Text = ""
			}
			shown[i].Detail = append(shown[i].Detail, d)
		}
	}
	return shown
}

// firstTry is a request that does no harm, where one is known for the API.
func firstTry(c api.Connection, p api.Provider) tryIt {
	test := target.Merge(p.API, c.API).Test
	if test == nil || cmp.Or(test.Method, http.MethodGet) != http.MethodGet || strings.ContainsAny(test.Path, "{}") {
		return tryIt{Method: http.MethodGet, Path: "/"}
	}
	return tryIt{Method: http.MethodGet, Path: test.Path}
}
