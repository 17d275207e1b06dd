package client_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestRegistrationsAndProofsGoToTheirRoutes(t *testing.T) {
	var seen []string
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.URL.Path)
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Path == "/v1/connections/mail/proof":
			answer(w, 200, api.Proof{Proof: body["method"].(string) + " proof", Generation: 3})
		default:
			answer(w, 200, map[string]any{"client": "app", "client_id": "c-1", "name": "app"})
		}
	})
	made, err := c.RegisterClient(t.Context(), "app", api.RegisterRequest{Provider: "contoso"})
	if err != nil || made.ClientID != "c-1" {
		t.Error(made, err)
	}
	for _, read := range []func() (api.Registration, error){
		func() (api.Registration, error) { return c.Registration(t.Context(), "app") },
		func() (api.Registration, error) {
			return c.ChangeRegistration(t.Context(), "app", api.RegistrationChange{})
		},
	} {
		if got, err := read(); err != nil || got.ClientID != "c-1" {
			t.Error(got, err)
		}
	}
	if err := c.Deregister(t.Context(), "app"); err != nil {
		t.Error(err)
	}
	proof, err := c.Proof(t.Context(), "mail", api.ProofRequest{Method: "GET", URL: "https://api.contoso.example/"})
	if err != nil || proof.Proof != "GET proof" || proof.Generation != 3 {
		t.Error(proof, err)
	}
	of := "/v1/clients/app/registration"
	want := []string{"POST " + of, "GET " + of, "PUT " + of, "DELETE " + of, "POST /v1/connections/mail/proof"}
	if !slices.Equal(seen, want) {
		t.Errorf("asked for %v, want %v", seen, want)
	}
}
