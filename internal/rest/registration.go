package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
)

func (s *Server) registerClient(w http.ResponseWriter, r *http.Request) error {
	var request api.RegisterRequest
	if err := decode(r, &request, nil); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.config.Broker.RegisterClient(r.Context(), r.PathValue("name"), request); err != nil {
		return err
	}
	c, err := s.config.Broker.Client(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return written(w, r, true, c)
}

func (s *Server) getRegistration(w http.ResponseWriter, r *http.Request) error {
	registration, err := s.config.Broker.Registration(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, registration)
}

func (s *Server) putRegistration(w http.ResponseWriter, r *http.Request) error {
	var change api.RegistrationChange
	if err := decode(r, &change, nil); err != nil {
		return err
	}
	registration, err := s.config.Broker.ChangeRegistration(r.Context(), r.PathValue("name"), change)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, registration)
}

func (s *Server) deleteRegistration(w http.ResponseWriter, r *http.Request) error {
	return deleted(w, s.config.Broker.Deregister(r.Context(), r.PathValue("name")))
}

// clientDocument is read by authorization servers, which have no key.
func (s *Server) clientDocument(w http.ResponseWriter, r *http.Request) error {
	document, err := s.config.Broker.ClientDocument(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, document)
}
