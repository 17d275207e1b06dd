package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// keyPage is one page of keys.
type keyPage struct {
	api.KeyList
	NextCursor string `json:"next_cursor,omitempty"`
}

func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	all, err := s.config.Keys.List(r.Context())
	if err != nil {
		return err
	}
	items, next := window(all, page, func(k api.Key) string { return k.Name })
	return answer(w, http.StatusOK, keyPage{KeyList: api.KeyList{Keys: present(items)}, NextCursor: next})
}

func (s *Server) createKey(w http.ResponseWriter, r *http.Request) error {
	var spec api.KeySpec
	if err := decode(r, &spec, api.Key{}); err != nil {
		return err
	}
	key, err := s.config.Keys.Create(r.Context(), spec)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, key)
}

func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request) error {
	return deleted(w, s.config.Keys.Revoke(r.Context(), r.PathValue("name")))
}
