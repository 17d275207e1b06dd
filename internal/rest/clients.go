package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

func (s *Server) listClients(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	found, err := s.config.Broker.Clients(r.Context(), ledger.Page{After: page.after, Limit: page.limit + 1})
	if err != nil {
		return err
	}
	items, next := cut(found, page.limit, func(c api.Client) string { return c.Name })
	return answer(w, http.StatusOK, api.ClientList{Clients: present(items), NextCursor: next})
}

func (s *Server) getClient(w http.ResponseWriter, r *http.Request) error {
	c, err := s.config.Broker.Client(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c)
}

func (s *Server) putClient(w http.ResponseWriter, r *http.Request) error {
	var spec api.ClientSpec
	if err := decode(r, &spec, api.Client{}); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writeClient(w, r, spec)
}

func (s *Server) patchClient(w http.ResponseWriter, r *http.Request) error {
	patch, err := readBody(r) // before the lock: a caller may be slow
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	c, err := s.config.Broker.Client(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	spec := clientSpec(c)
	if err := patchInto(patch, &spec, api.Client{}); err != nil {
		return err
	}
	if spec.ClientSecret == nil && c.ClientSecret != "" {
		// Only a null in the patch takes the mask away, and null removes (RFC 7396).
		spec.ClientSecret = new(api.Secret)
	}
	if spec.PrivateKey == nil && c.PrivateKey != "" {
		spec.PrivateKey = new(api.Secret)
	}
	if spec.ClientSecrets == nil && len(c.ClientSecrets) > 0 {
		spec.ClientSecrets = new([]api.Secret)
	}
	return s.writeClient(w, r, spec)
}

func (s *Server) writeClient(w http.ResponseWriter, r *http.Request, spec api.ClientSpec) error {
	name := r.PathValue("name")
	created, err := s.config.Broker.PutClient(r.Context(), name, spec)
	if err != nil {
		return err
	}
	c, err := s.config.Broker.Client(r.Context(), name)
	if err != nil {
		return err
	}
	return written(w, r, created, c)
}

// clientSpec is what would write a client as it is.
func clientSpec(c api.Client) api.ClientSpec {
	spec := api.ClientSpec{
		Description:             c.Description,
		Provider:                c.Provider,
		Variables:               c.Variables,
		ClientID:                c.ClientID,
		TokenEndpointAuthMethod: c.TokenEndpointAuthMethod,
		AllowedHosts:            c.AllowedHosts,
		ClientSources:           c.ClientSources,
	}
	if len(c.ClientSecrets) > 0 {
		masks := make([]api.Secret, len(c.ClientSecrets))
		for i, mask := range c.ClientSecrets {
			masks[i] = api.Secret(mask)
		}
		spec.ClientSecrets = &masks
	}
	if c.ClientSecret != "" {
		mask := api.Secret(c.ClientSecret)
		spec.ClientSecret = &mask
	}
	if c.PrivateKey != "" {
		mask := api.Secret(c.PrivateKey)
		spec.PrivateKey = &mask
	}
	return spec
}

func (s *Server) deleteClient(w http.ResponseWriter, r *http.Request) error {
	return deleted(w, s.config.Broker.DeleteClient(r.Context(), r.PathValue("name")))
}
