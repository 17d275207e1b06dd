package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxSearch bounds what is looked for, in bytes.
const maxSearch = 200

// providerQuery are the query parameters of the list of providers.
type providerQuery struct {
	Search string `query:"search" description:"Only those with all these words in their name, title or tags, the best match first."`
	pageQuery
}

func (s *Server) listProviders(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	words := r.URL.Query().Get("search")
	if len(words) > maxSearch {
		return fault.New(api.CodeInvalid, "search is longer than %d bytes", maxSearch)
	}
	all, err := s.config.Broker.Providers(r.Context(), words)
	if err != nil {
		return err
	}
	name := func(p api.Provider) string { return p.Name }
	items, next := window(all, page, name)
	if words != "" {
		items, next = windowBehind(all, page, name)
	}
	return answer(w, http.StatusOK, api.ProviderList{Providers: present(items), NextCursor: next})
}

func (s *Server) getProvider(w http.ResponseWriter, r *http.Request) error {
	p, err := s.config.Broker.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, p)
}

func (s *Server) putProvider(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	var p api.Provider
	if err := decode(r, &p, nil); err != nil {
		return err
	}
	if p.Name != "" && p.Name != name {
		return fault.New(api.CodeInvalid, "the body is named %q and the path %q", clip(p.Name), name).
			WithHint("leave name out of the body")
	}
	created, err := s.config.Broker.PutProvider(r.Context(), name, p)
	if err != nil {
		return err
	}
	if p, err = s.config.Broker.Provider(r.Context(), name); err != nil {
		return err
	}
	return written(w, r, created, p)
}

func (s *Server) deleteProvider(w http.ResponseWriter, r *http.Request) error {
	return deleted(w, s.config.Broker.DeleteProvider(r.Context(), r.PathValue("name")))
}
