package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/internal/rest/reference"
)

// docs serves the reference: every operation, as the route table has it.
func (s *Server) docs(w http.ResponseWriter, _ *http.Request) error {
	page, err := s.page()
	if err != nil {
		return err
	}
	noStore(w.Header())
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", reference.Policy())
	_, _ = w.Write(page)
	return nil
}

// described is what the reference says of the routes.
func described(routes []route) []reference.Route {
	all := make([]reference.Route, len(routes))
	for i, route := range routes {
		all[i] = route.described()
	}
	return all
}

func (r route) described() reference.Route {
	return reference.Route{
		Method: r.method(), Path: r.path(), Open: r.right == nil,
		Group: r.op.group, Summary: r.op.summary, Description: r.op.description,
		Query: r.op.queryType, Body: r.op.body, BodyOptional: r.op.bodyOptional, MergePatch: r.op.mergePatch,
		Answer: r.op.answer, Created: r.op.created, Page: r.op.page, Bare: r.op.bare,
	}
}
