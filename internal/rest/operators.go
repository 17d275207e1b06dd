package rest

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// Operators makes links that set an operator's password.
type Operators interface {
	NewLink(ctx context.Context) (api.OperatorLink, error)
}

func (s *Server) resetOperator(w http.ResponseWriter, r *http.Request) error {
	link, err := s.config.Operators.NewLink(r.Context())
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, link)
}
