package wizard

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/console"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// consentPage waits for a person's consent, and then makes the first call.
type consentPage struct {
	api.Connection
	Provider api.Provider
	Flow     *api.Flow
	Device   *api.Authorization // what is typed on the other device
	Waiting  bool
	Ready    bool
	ByItself bool
	Step     int
	Version  string
	Proxy    string     // where callers call it
	Refused  *api.Cause // in words for this page
	Path     string
	Answer   *console.Answer
	asked
}

// asked is what a person typed here, and what was wrong with it.
type asked struct {
	Fault        string // of the whole
	Faults       page.Faults
	Prompt, Hint string
	Brings       string // what a person brings, in the place of a consent
	Username     string
	Ends         string // when an access token ends that was obtained elsewhere
}

// firstCall is what was asked for, and what came.
type firstCall struct {
	Path   string
	Answer console.Answer
}

// atFlow is the address of the page that waits for a flow. What a device shows
// is held for it: a code is not for addresses.
func (z *Wizard) atFlow(r *http.Request, page string, begun api.Authorization) string {
	query := url.Values{"flow": {begun.Flow}}
	if begun.UserCode != "" {
		query.Set("shown", z.shelf.Put(r, begun))
	}
	return page + "?" + query.Encode()
}

func (z *Wizard) consent(w http.ResponseWriter, r *http.Request) error {
	p, err := z.consentOf(r)
	if err != nil {
		return err
	}
	if made, ok := shelf.Take[firstCall](z.shelf, r, false); ok {
		p.Path, p.Answer = made.Path, &made.Answer
	}
	return z.show(w, r, "first", nil, p)
}

func (z *Wizard) consentOf(r *http.Request) (consentPage, error) {
	c, err := z.Connections.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return consentPage{}, err
	}
	p := consentPage{Connection: c, Path: "/", Step: 3, Proxy: z.PublicURL + "/proxy/" + c.Name + "/"}
	if client, err := z.Catalogue.Client(r.Context(), c.Client); err == nil {
		p.Provider, _ = z.Catalogue.Provider(r.Context(), client.Provider) // one that is gone takes no page with it
	}
	p.ByItself, p.Brings = wayOf(c.ConnectionSpec, p.Provider).Unattended(), brings(c.ConnectionSpec, p.Provider)
	p.Path = testPath(c, p.Provider)
	p.Ready = c.State == api.StateActive || c.State == api.StateDegraded
	if flow, ok := z.flowOf(r, c.Name); ok {
		p.Flow = &flow
		p.Waiting = flow.Status == api.FlowPending
		p.Ready = p.Ready && flow.Status == api.FlowDone
	}
	if begun, ok := shelf.Take[api.Authorization](z.shelf, r, false); ok && p.Waiting {
		p.Device = &begun
	}
	if p.Ready {
		p.Step = 4
	}
	p.Refused = z.refused(p)
	p.Version = versionOf(p)
	return p, nil
}

// testPath is the harmless request that is known for the API.
func testPath(c api.Connection, p api.Provider) string {
	for _, settings := range []*api.CallSettings{c.API, p.API} {
		if settings != nil && settings.Test != nil && settings.Test.Path != "" && !strings.Contains(settings.Test.Path, "{") {
			return settings.Test.Path
		}
	}
	return "/"
}

// flowOf is the authorization that the address names, if it is the connection's.
func (z *Wizard) flowOf(r *http.Request, connection string) (api.Flow, bool) {
	id := r.URL.Query().Get("flow")
	if id == "" {
		return api.Flow{}, false
	}
	flow, err := z.Flows.Flow(r.Context(), id)
	return flow, err == nil && flow.Connection == connection
}

// versionOf changes when the page should be shown anew.
func versionOf(p consentPage) string {
	version := string(p.State)
	if p.Flow != nil {
		version += "." + string(p.Flow.Status)
	}
	return version
}

// status is what the page that waits asks for again and again.
func (z *Wizard) status(w http.ResponseWriter, r *http.Request) error {
	p, err := z.consentOf(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]string{"version": p.Version, "state": string(p.State)})
}

// authorize begins an authorization, and another where one has ended.
func (z *Wizard) authorize(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	next := "/new/connection/" + url.PathEscape(name)
	begun, err := z.Grants.Begin(r.Context(), name, api.AuthorizeRequest{
		ReturnTo: z.PublicURL + next, Prompt: r.PostFormValue("prompt"), LoginHint: strings.TrimSpace(r.PostFormValue("login_hint")),
	})
	if told(err) {
		p, failed := z.consentOf(r)
		if failed != nil {
			return failed
		}
		p.Fault, p.Prompt, p.Hint = page.Sentences(fault.As(err)), r.PostFormValue("prompt"), r.PostFormValue("login_hint")
		return z.show(w, r, "first", page.Faults{"": p.Fault}, p)
	}
	if err != nil {
		return err
	}
	return z.to(w, z.atFlow(r, next, begun))
}

// call makes the first call.
func (z *Wizard) call(w http.ResponseWriter, r *http.Request) error {
	name, path := r.PathValue("name"), strings.TrimSpace(r.PostFormValue("path"))
	if path == "" {
		path = "/"
	}
	made := firstCall{Path: path, Answer: z.Try(r, name, http.MethodGet, path)}
	return z.to(w, "/new/connection/"+url.PathEscape(name)+"?shown="+z.shelf.Put(r, made)+"#call")
}

// refused is why there is no token, as this page says it: it names the
// connection already, and has a button where a terminal has a command.
func (z *Wizard) refused(p consentPage) *api.Cause {
	cause := p.Cause
	if p.Flow != nil && p.Flow.Cause != nil {
		cause = p.Flow.Cause
	}
	if cause == nil {
		return nil
	}
	shown := *cause
	shown.Title = page.Sentence(strings.TrimPrefix(shown.Title, `connection "`+p.Name+`": `))
	if rest, found := strings.CutPrefix(shown.Remedy, "valetkey connect "+p.Name); found && !strings.HasPrefix(strings.TrimSpace(rest), "-") {
		shown.Remedy = z.Pages.Word("first.anew") + rest
	}
	shown.Remedy = page.Sentence(shown.Remedy)
	return &shown
}

// Prompts are what a provider may be asked to do before it consents (OpenID
// Connect Core section 3.1.2.1).
func (consentPage) Prompts() []string { return []string{"", "login", "consent", "select_account"} }

// Expired says whether nobody consented in time.
func (p consentPage) Expired(now time.Time) bool { return p.Flow != nil && now.After(p.Flow.ExpiresAt) }
