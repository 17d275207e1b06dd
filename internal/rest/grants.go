package rest

import (
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/fault"
)

// tokenQuery are the query parameters of the token route.
type tokenQuery struct {
	MinTTL   string `query:"min_ttl" description:"How long the token must be good for at least, such as 5m; default 0s."`
	Resource string `query:"resource" description:"For another resource out of the same grant: the name of an additional token of the provider, or an absolute URI (RFC 8707)."`
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	var req api.AuthorizeRequest
	if err := decodeOptional(r, &req); err != nil {
		return err
	}
	if r.Context().Value(operatorMark{}) == nil { // who opens the address is told who asks
		r = r.WithContext(authorize.By(r.Context(), "the key "+callerOf(r).Name))
	}
	started, err := s.config.Broker.Begin(r.Context(), r.PathValue("name"), req)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, started)
}

func (s *Server) getFlow(w http.ResponseWriter, r *http.Request) error {
	flow, err := s.config.Broker.Flow(r.Context(), r.PathValue("id"))
	if err == nil && !callerOf(r).MayRead(flow.Connection) {
		// The answer for a flow that is not there, in the broker's own words.
		if _, err = s.config.Broker.Flow(r.Context(), "-"); err == nil {
			err = fault.New(api.CodeNotFound, "this authorization is not known here")
		}
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, flow)
}

func (s *Server) getToken(w http.ResponseWriter, r *http.Request) error {
	minTTL, err := minTTLOf(r)
	if err != nil {
		return err
	}
	token, err := s.config.Broker.TokenFor(r.Context(), r.PathValue("name"), r.URL.Query().Get("resource"), minTTL)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, token)
}

func (s *Server) makeProof(w http.ResponseWriter, r *http.Request) error {
	var request api.ProofRequest
	if err := decode(r, &request, nil); err != nil {
		return err
	}
	proof, err := s.config.Broker.Proof(r.Context(), r.PathValue("name"), request)
	if err != nil {
		return err
	}
	noStore(w.Header())
	return answer(w, http.StatusOK, proof)
}

// minTTLOf reads the query parameter of [tokenQuery].
func minTTLOf(r *http.Request) (time.Duration, error) {
	text := r.URL.Query().Get("min_ttl")
	if text == "" {
		return 0, nil
	}
	minTTL, err := time.ParseDuration(text)
	if err != nil || minTTL < 0 {
		return 0, fault.New(api.CodeInvalid, "min_ttl is not a time span").WithHint("write it as 30s, 5m or 1h")
	}
	return minTTL, nil
}

func (s *Server) putToken(w http.ResponseWriter, r *http.Request) error {
	var set api.TokenImport
	if err := decode(r, &set, nil); err != nil {
		return err
	}
	c, err := s.config.Broker.ImportToken(r.Context(), r.PathValue("name"), set)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c)
}

func (s *Server) refresh(w http.ResponseWriter, r *http.Request) error {
	c, err := s.config.Broker.Refresh(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c)
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) error {
	c, err := s.config.Broker.Revoke(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c)
}
