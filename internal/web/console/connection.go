package console

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/manifest"
	"github.com/valetkey/valetkey/internal/traffic"
	"github.com/valetkey/valetkey/internal/web/chart"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

const (
	eventsShown = 60
	eventsSpan  = 30 * 24 * time.Hour // of the picture, at most
)

// connectionPage is all that is known of one connection.
type connectionPage struct {
	api.Connection
	history
	Provider  api.Provider
	ClientID  string
	Scopes    []scope
	Rates     ratesView
	Console   tryIt
	Tested    *testView
	Debug     debugView
	ByItself  bool         // its grant needs no person
	Consents  bool         // administrators of organisations allow its client
	Advice    page.Problem // what to do about the cause
	Version   string
	ProxyBase string
	Runs      []operationLink
}

type ratesView struct {
	Since            time.Time
	Requests, Errors int
	Plot             template.HTML
}

type debugView struct {
	On        bool
	Until     time.Time
	Exchanges []traffic.Exchange
}

func (c *Console) show(w http.ResponseWriter, r *http.Request) error {
	connection, err := c.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	events, err := c.Connections.Events(r.Context(), connection.Name, 0, eventsShown)
	if err != nil {
		return err
	}
	client, err := c.Catalogue.Client(r.Context(), connection.Client)
	if err != nil {
		return err
	}
	provider, err := c.Catalogue.Provider(r.Context(), client.Provider)
	if err != nil {
		provider = api.Provider{Name: client.Provider} // a provider that is gone takes no page with it
	}
	p := connectionPage{
		Connection: connection, Provider: provider, ClientID: client.ClientID,
		Scopes: scopesOf(connection, provider), history: history{eventsOf(events), c.timeline(events)},
		Rates: c.rates(connection.Name), Console: firstTry(connection, provider),
		Debug:   debugView{Until: c.Calls.DebugUntil(connection.Name), Exchanges: c.Calls.Exchanges(connection.Name)},
		Runs:    c.operations(r.Context(), connection.Name),
		Version: versionOf(connection), ProxyBase: c.PublicURL + "/proxy/" + connection.Name,
		ByItself: arrangement.ByItself(arrangement.GrantOf(connection.ConnectionSpec, provider), connection.ConnectionSpec),
		Consents: provider.AdminConsent != nil,
	}
	p.Advice = c.advice(p)
	p.Debug.On = p.Debug.Until.After(c.Now())
	if tried, ok := shelf.Take[tryIt](c.shelf, r, false); ok {
		p.Console = tried
	}
	if tested, ok := shelf.Take[testView](c.shelf, r, false); ok {
		p.Tested = &tested
	}
	return c.render(w, r, "connection", p)
}

// advice is the remedy for somebody who looks at the page: the button, where
// there is one that does what the command would.
func (c *Console) advice(p connectionPage) (advice page.Problem) {
	if p.Cause == nil {
		return advice
	}
	remedy := p.Cause.Remedy
	switch {
	case remedy == "valetkey connect "+p.Name && !p.ByItself:
		return page.Problem{Advice: c.Pages.Word("connection.press_authorize"), Command: remedy}
	case remedy == "valetkey refresh "+p.Name:
		return page.Problem{Advice: c.Pages.Word("connection.press_refresh"), Command: remedy}
	case strings.HasPrefix(remedy, "valetkey "):
		return page.Problem{Advice: remedy}
	}
	return advice.Advise(remedy)
}

func (c *Console) timeline(events []api.Event) template.HTML {
	if len(events) == 0 {
		return ""
	}
	to := c.Now()
	from := to.Add(-eventsSpan)
	if oldest := events[len(events)-1].At; oldest.After(from) {
		from = oldest.Add(-max(to.Sub(oldest)/25, 10*time.Second))
	}
	marks := make([]chart.Mark, 0, len(events))
	for _, e := range slices.Backward(events) {
		marks = append(marks, chart.Mark{At: e.At, Class: EventClass(e.Kind), Label: e.At.UTC().Format("2006-01-02 15:04 UTC") + " " + e.Kind})
	}
	return chart.Timeline(c.Pages.Word("connection.timeline"), marks, from, to)
}

// EventClass says whether an event is good or bad news.
func EventClass(kind string) string {
	switch kind {
	case ledger.EventAuthorized, ledger.EventRefreshed:
		return "good"
	case ledger.EventRefreshFailed, ledger.EventRefused, ledger.EventDenied, ledger.EventRevoked:
		return "bad"
	}
	return "neutral"
}

func (c *Console) rates(name string) ratesView {
	rates := c.Calls.Rates(name)
	view := ratesView{Since: rates.Since}
	requests, failed := make([]int, traffic.Window), make([]int, traffic.Window)
	for i, m := range rates.Minutes {
		requests[i], failed[i] = m.Requests, m.Errors
		view.Requests += m.Requests
		view.Errors += m.Errors
	}
	view.Plot = chart.Plot(c.Pages.Word("connection.plot", view.Requests, view.Errors), requests, failed)
	return view
}

// versionOf changes when something of a connection did that its page shows.
func versionOf(c api.Connection) string {
	expires := int64(0)
	if c.ExpiresAt != nil {
		expires = c.ExpiresAt.Unix()
	}
	return fmt.Sprintf("%s.%d.%d", c.State, c.Generation, expires)
}

// status is what a page that is open asks for now and then.
func (c *Console) status(w http.ResponseWriter, r *http.Request) error {
	connection, err := c.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"version": versionOf(connection), "state": string(connection.State)})
}

// export gives the connection, its client and a provider of one's own as YAML.
func (c *Console) export(w http.ResponseWriter, r *http.Request) error {
	connection, err := c.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	client, err := c.Catalogue.Client(r.Context(), connection.Client)
	if err != nil {
		return err
	}
	state := manifest.State{Clients: []api.Client{client}, Connections: []api.Connection{connection}}
	if provider, err := c.Catalogue.Provider(r.Context(), client.Provider); err == nil {
		state.Providers = []api.Provider{provider}
	}
	text, err := manifest.Export(state).Encode()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Content-Disposition", `attachment; filename="`+connection.Name+`.yaml"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, err = w.Write(text)
	return err
}
