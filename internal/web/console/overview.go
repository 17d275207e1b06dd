package console

import (
	"context"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// needing is how many connections of each troubled state the overview names.
const needing = 8

// soon is how far the overview looks ahead.
const soon = 14 * 24 * time.Hour

// overviewPage is what an operator sees first.
type overviewPage struct {
	Total   int
	States  []stateCount
	Needs   []need
	Parked  []api.Client
	Ending  []ending
	Clients int
}

type stateCount struct {
	State api.State
	Count int
}

// need is connections of one state that wait for a person.
type need struct {
	State       api.State
	Count       int
	Connections []api.Connection
}

// states are all states, those that wait for somebody first.
func states() []api.State {
	return []api.State{
		api.StateNeedsAuthorization, api.StateNeedsConfiguration, api.StateBlocked, api.StateDegraded,
		api.StateNew, api.StateActive, api.StateRevoked,
	}
}

func (c *Console) overview(w http.ResponseWriter, r *http.Request) error {
	counts, err := c.Connections.CountConnections(r.Context())
	if err != nil {
		return err
	}
	var p overviewPage
	for _, state := range states() {
		if counts[state] == 0 {
			continue
		}
		p.Total += counts[state]
		p.States = append(p.States, stateCount{state, counts[state]})
		if state == api.StateActive || state == api.StateRevoked {
			continue
		}
		found, err := c.Connections.Connections(r.Context(), ledger.ConnectionFilter{State: state, Page: ledger.Page{Limit: needing}})
		if err != nil {
			return err
		}
		p.Needs = append(p.Needs, need{state, counts[state], found})
	}
	all, err := c.Catalogue.Clients(r.Context(), ledger.Page{})
	if err != nil {
		return err
	}
	p.Clients = len(all)
	for _, client := range all {
		if client.Cause != nil {
			p.Parked = append(p.Parked, client)
		}
	}
	if p.Ending, err = c.endings(r.Context(), all, c.Now().Add(soon), 10); err != nil {
		return err
	}
	return c.render(w, r, "overview", p)
}

// ending is something that stops working by itself.
type ending struct {
	At   time.Time
	Kind string // token, certificate, key
	Name string
	Link string
	Past bool
}

// endings are what ends until then, the next first, at most limit of each kind.
func (c *Console) endings(ctx context.Context, clients []api.Client, until time.Time, limit int) ([]ending, error) {
	now := c.Now()
	var found []ending
	tokens, err := c.Connections.Connections(ctx, ledger.ConnectionFilter{Order: ledger.ByRefreshExpiry, Page: ledger.Page{Limit: limit}})
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if t.RefreshExpiresAt != nil && t.RefreshExpiresAt.Before(until) && t.State != api.StateRevoked {
			found = append(found, ending{*t.RefreshExpiresAt, "token", t.Name, linkTo(t.Name), t.RefreshExpiresAt.Before(now)})
		}
	}
	found = append(found, clientEndings(clients, until, now)...)
	keys, err := c.Keys.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if at := key.ExpiresAt; at != nil && at.Before(until) && at.After(now) {
			found = append(found, ending{*at, "key", key.Name, "/keys#" + key.Name, false})
		}
	}
	sortEndings(found)
	return found, nil
}

// clientEndings are the secrets and certificates that end.
func clientEndings(clients []api.Client, until, now time.Time) (found []ending) {
	for _, client := range clients {
		for kind, at := range map[string]*time.Time{"secret": client.ClientSecretExpiresAt, "certificate": client.CertificateExpiresAt} {
			if at != nil && at.Before(until) {
				found = append(found, ending{*at, kind, client.Name, "/clients#" + client.Name, at.Before(now)})
			}
		}
	}
	return found
}
