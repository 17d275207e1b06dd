package rest

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/link"
)

// Links are connect links; *link.Links has them.
type Links interface {
	Create(ctx context.Context, spec api.ConnectLinkSpec) (api.NewConnectLink, error)
	List(ctx context.Context, filter link.Filter) ([]api.ConnectLink, error)
	Get(ctx context.Context, id string) (api.ConnectLink, error)
	Revoke(ctx context.Context, id string) (api.ConnectLink, error)
	Extend(ctx context.Context, id string, patch api.ConnectLinkPatch) (api.ConnectLink, error)
}

// linkQuery are the query parameters of the list of links.
type linkQuery struct {
	pageQuery
	Connection string `query:"connection" description:"Only links of this connection."`
	Status     string `query:"status" description:"Only links of this status." enum:"pending,opened,done,failed,expired,revoked"`
}

// linkRoutes are the routes of connect links.
func (s *Server) linkRoutes() []route {
	return []route{
		{"GET /v1/connect-links", settings, s.listLinks, op("Connect links", "List links", "The newest first, without the secret part of their addresses.").query(linkQuery{}).out(api.ConnectLinkList{})},
		{"POST /v1/connect-links", administer, s.createLink, op("Connect links", "Make a link", "For a person without an account, who authorizes one connection with it, once. The answer shows its address, and the secret that its webhook is signed with, this once.").in(api.ConnectLinkSpec{}).out(api.NewConnectLink{}).creates()},
		{"GET /v1/connect-links/{id}", settings, s.getLink, op("Connect links", "Read a link", "Its status: pending, opened, done, failed (it may be tried again), expired or revoked.").out(api.ConnectLink{})},
		{"PATCH /v1/connect-links/{id}", administer, s.extendLink, op("Connect links", "Give a link more time", "expires_in counts from now. A link that expired is open again.").in(api.ConnectLinkPatch{}).out(api.ConnectLink{})},
		{"DELETE /v1/connect-links/{id}", administer, s.revokeLink, op("Connect links", "Revoke a link", "What it authorized stays.")},
	}
}

func (s *Server) links() (Links, error) {
	if s.config.Links == nil {
		return nil, fault.New(api.CodeNotFound, "this server makes no links")
	}
	return s.config.Links, nil
}

func (s *Server) listLinks(w http.ResponseWriter, r *http.Request) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	links, err := s.links()
	if err != nil {
		return err
	}
	query := r.URL.Query()
	found, err := links.List(r.Context(), link.Filter{
		Connection: query.Get("connection"), Status: api.ConnectLinkStatus(query.Get("status")), Before: page.after, Limit: page.limit + 1,
	})
	if err != nil {
		return err
	}
	items, next := cut(found, page.limit, func(l api.ConnectLink) string { return l.ID })
	return answer(w, http.StatusOK, api.ConnectLinkList{Links: present(items), NextCursor: next})
}

func (s *Server) createLink(w http.ResponseWriter, r *http.Request) error {
	links, err := s.links()
	if err != nil {
		return err
	}
	var spec api.ConnectLinkSpec
	if err := decode(r, &spec, api.ConnectLink{}); err != nil {
		return err
	}
	made, err := links.Create(r.Context(), spec)
	if err != nil {
		return err
	}
	noStore(w.Header())
	return answer(w, http.StatusCreated, made)
}

func (s *Server) getLink(w http.ResponseWriter, r *http.Request) error {
	links, err := s.links()
	if err != nil {
		return err
	}
	found, err := links.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, found)
}

func (s *Server) extendLink(w http.ResponseWriter, r *http.Request) error {
	links, err := s.links()
	if err != nil {
		return err
	}
	var patch api.ConnectLinkPatch
	if err := decode(r, &patch, api.ConnectLink{}); err != nil {
		return err
	}
	changed, err := links.Extend(r.Context(), r.PathValue("id"), patch)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, changed)
}

func (s *Server) revokeLink(w http.ResponseWriter, r *http.Request) error {
	links, err := s.links()
	if err != nil {
		return err
	}
	_, err = links.Revoke(r.Context(), r.PathValue("id"))
	return deleted(w, err)
}
