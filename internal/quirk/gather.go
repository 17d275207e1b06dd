package quirk

import (
	"context"
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Arrival is a new token and the connection it is for.
type Arrival struct {
	Provider   catalog.Resolved
	Values     catalog.Values // the captured ones are those of before
	Token      oauth.Token
	Renewed    bool // of a grant that is there: what was captured stays
	Connection string
}

// Gather finds the variables that come with a token: in its response, in its
// claims, and by look-up. What was found is returned even when a variable
// could not be had; the cause then says which, and what to do. Captured is nil
// when nothing changed.
func (x Exchange) Gather(ctx context.Context, a Arrival) (captured map[string]string, cause *api.Cause) {
	ctx, cancel := context.WithTimeout(ctx, gatherTimeout)
	defer cancel()
	p := a.Provider.Provider
	before := a.kept()
	captured = maps.Clone(before)
	if captured == nil {
		captured = make(map[string]string)
	}
	found, err := catalog.FromToken(p, a.Token, a.Renewed)
	maps.Copy(captured, found)
	if err != nil {
		cause = problem(err, "valetkey refresh "+a.Connection+" tries again")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if v := p.Variables[name]; v.From != api.FromRequest || a.decided(name, captured) {
			continue
		}
		value, trouble := x.lookUp(ctx, a, name, captured)
		if trouble != nil && cause == nil {
			cause = trouble
		}
		if value != "" {
			captured[name] = value
		}
	}
	if a.Renewed && maps.Equal(before, captured) {
		return nil, cause
	}
	return captured, cause
}

// kept is what was captured before and still holds: all of it for a renewed
// grant, what the callback brought for a new one, and the organisation whose
// administrator consented.
func (a Arrival) kept() map[string]string {
	kept := maps.Clone(a.Values.Captured)
	consented := catalog.Consented(a.Provider.Provider, kept)
	maps.DeleteFunc(kept, func(name, _ string) bool {
		v, declared := a.Provider.Provider.Variables[name]
		return !declared || !a.Renewed && v.From != api.FromCallback
	})
	maps.Copy(kept, consented) // none without kept
	return kept
}

// decided says whether a variable needs no look-up: a person set it, or an
// earlier one found it.
func (a Arrival) decided(name string, captured map[string]string) bool {
	return a.Values.Connection[name] != "" || a.Values.Client[name] != "" || captured[name] != ""
}

func problem(err error, otherwise string) *api.Cause {
	f := fault.As(err)
	cause := &api.Cause{Code: "variable_missing", Title: f.Message, Remedy: f.Hint}
	if cause.Remedy == "" {
		cause.Remedy = otherwise
	}
	return cause
}
