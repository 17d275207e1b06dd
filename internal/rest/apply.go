package rest

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// applyBodyLimit bounds a manifest, in bytes.
const applyBodyLimit = 64 << 20

// Applier makes things as a manifest describes them; desired.Applier does.
type Applier interface {
	Apply(ctx context.Context, m api.Manifest) (api.Plan, error)
}

// Desired is what makes everything as manifests describe it.
type Desired struct {
	Applier Applier
	Applied func() *api.ApplyStatus // how the server stands to files it applies by itself; nil: it applies none
}

// apply carries out a manifest, or with dry_run answers its plan.
func (s *Server) apply(w http.ResponseWriter, r *http.Request) error {
	var wanted api.Manifest
	if err := decode(r, &wanted, nil); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	plan, err := s.config.Applier.Apply(r.Context(), wanted)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, plan)
}
