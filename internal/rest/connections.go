package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// connectionQuery are the query parameters of the list of connections.
type connectionQuery struct {
	Client   string `query:"client" description:"Only those of this client."`
	Provider string `query:"provider" description:"Only those of this provider."`
	Search   string `query:"search" description:"Only those with this in their name or account."`
	Tag      string `query:"tag" description:"Only those with these tags, KEY=VALUE with commas between them."`
	State    string `query:"state" description:"Only those in this state." enum:"new,active,degraded,needs_authorization,needs_configuration,blocked,revoked"`
	pageQuery
}

func (s *Server) listConnections(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	state := api.State(r.URL.Query().Get("state"))
	if state != "" && !slices.Contains(states(), state) {
		return fault.New(api.CodeInvalid, "%q is not a state", clip(string(state))).
			WithHint("the states are new, active, degraded, needs_authorization, needs_configuration, blocked and revoked")
	}
	search, err := searchOf(r)
	if err != nil {
		return err
	}
	filter := ledger.ConnectionFilter{Client: r.URL.Query().Get("client"), State: state, Search: search}
	found, err := s.readable(r, filter, page)
	if err != nil {
		return err
	}
	items, next := cut(found, page.limit, func(c api.Connection) string { return c.Name })
	return answer(w, http.StatusOK, api.ConnectionList{Connections: present(items), NextCursor: next})
}

func searchOf(r *http.Request) (ledger.ConnectionSearch, error) {
	query := r.URL.Query()
	search := ledger.ConnectionSearch{Provider: query.Get("provider"), Text: query.Get("search")}
	for tag := range strings.SplitSeq(query.Get("tag"), ",") {
		if tag == "" {
			continue
		}
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" {
			return search, fault.New(api.CodeInvalid, "the tag %q is not KEY=VALUE", clip(tag)).
				WithHint("write it like tag=team=sales,site=berlin")
		}
		if search.Tags == nil {
			search.Tags = make(map[string]string)
		}
		search.Tags[key] = value
	}
	return search, nil
}

// readable collects one more than a page of the connections that the caller
// may know of, reading on where the others leave gaps.
func (s *Server) readable(r *http.Request, filter ledger.ConnectionFilter, page listPage) ([]api.Connection, error) {
	p := callerOf(r)
	var found []api.Connection
	for filter.Page = (ledger.Page{After: page.after, Limit: page.limit + 1}); ; {
		batch, err := s.config.Broker.Connections(r.Context(), filter)
		if err != nil {
			return nil, err
		}
		for _, c := range batch {
			if p.MayRead(c.Name) {
				found = append(found, c)
			}
		}
		if len(batch) < filter.Limit || len(found) > page.limit {
			return found, nil
		}
		filter.After = batch[len(batch)-1].Name
	}
}

func states() []api.State {
	return []api.State{api.StateNew, api.StateActive, api.StateDegraded, api.StateNeedsAuthorization,
		api.StateNeedsConfiguration, api.StateBlocked, api.StateRevoked}
}

func (s *Server) getConnection(w http.ResponseWriter, r *http.Request) error {
	c, err := s.config.Broker.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c)
}

func (s *Server) putConnection(w http.ResponseWriter, r *http.Request) error {
	var spec api.ConnectionSpec
	if err := decode(r, &spec, api.Connection{}); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writeConnection(w, r, spec)
}

func (s *Server) patchConnection(w http.ResponseWriter, r *http.Request) error {
	patch, err := readBody(r) // before the lock: a caller may be slow
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	c, err := s.config.Broker.Connection(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	if err := patchInto(patch, &c.ConnectionSpec, api.Connection{}); err != nil {
		return err
	}
	return s.writeConnection(w, r, c.ConnectionSpec)
}

func (s *Server) writeConnection(w http.ResponseWriter, r *http.Request, spec api.ConnectionSpec) error {
	name := r.PathValue("name")
	created, err := s.config.Broker.PutConnection(r.Context(), name, spec)
	if err != nil {
		return err
	}
	c, err := s.config.Broker.Connection(r.Context(), name)
	if err != nil {
		return err
	}
	return written(w, r, created, c)
}

func (s *Server) deleteConnection(w http.ResponseWriter, r *http.Request) error {
	return deleted(w, s.config.Broker.DeleteConnection(r.Context(), r.PathValue("name")))
}

func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	var before int64
	if page.after != "" {
		if before, err = strconv.ParseInt(page.after, 10, 64); err != nil || before < 1 {
			return badCursor(err)
		}
	}
	found, err := s.config.Broker.Events(r.Context(), r.PathValue("name"), before, page.limit+1)
	if err != nil {
		return err
	}
	items, next := cut(found, page.limit, func(e api.Event) string { return strconv.FormatInt(e.ID, 10) })
	return answer(w, http.StatusOK, api.EventList{Events: present(items), NextCursor: next})
}
