package rest

import (
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// resourceQuery are the query parameters of the resource route.
type resourceQuery struct {
	URL string `query:"url" description:"The API's address, as it calls itself."`
}

func (s *Server) getResource(w http.ResponseWriter, r *http.Request) error {
	address := r.URL.Query().Get("url")
	if address == "" {
		return fault.New(api.CodeInvalid, "there is no url to ask").WithHint("add ?url=https://api.example.com")
	}
	found, err := s.config.Broker.Resource(r.Context(), address)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, found)
}
