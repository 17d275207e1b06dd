package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status string `json:"status"` // ok
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) error {
	version := s.config.Version
	if s.config.Applied != nil {
		version.Apply = s.config.Applied()
	}
	return answer(w, http.StatusOK, version)
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) error {
	noStore(w.Header())
	return answer(w, http.StatusOK, Health{Status: "ok"})
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	noStore(w.Header())
	if err := s.config.Ready(r.Context()); err != nil {
		return fault.Wrap(err, api.CodeUnavailable, "the database cannot be reached or written").
			WithHint("the server's log says why, under the same request id")
	}
	return answer(w, http.StatusOK, Health{Status: "ok"})
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	document, err := s.document()
	if err != nil {
		return err
	}
	noStore(w.Header())
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
	return nil
}
