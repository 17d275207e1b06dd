package rest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/onbehalf"
)

// statusError gives an error a status that its code alone does not say.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }

func (e *statusError) Unwrap() error { return e.err }

// WriteError answers a request with an error as a problem document (RFC 9457).
// What is not a [fault.Error] is shown as an internal error without details.
// The header Valetkey-Error tells our own errors from those of an API that was
// called through /proxy/.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the caller has left
	}
	shown := fault.As(err)
	status := fault.Status(shown.Code)
	if over := (*statusError)(nil); errors.As(err, &over) {
		status = over.status
	}
	header := w.Header()
	noStore(header)
	header.Del("Content-Length")
	header.Set("Content-Type", "application/problem+json")
	header.Set("Valetkey-Error", string(shown.Code))
	var challenge *onbehalf.Challenge
	if errors.As(err, &challenge) {
		// The caller sends its user to sign in again, with these claims.
		status = http.StatusUnauthorized
		header.Set("WWW-Authenticate", userChallenge(challenge.Claims))
	} else if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="valetkey"`)
	}
	w.WriteHeader(status)
	writeJSON(w, api.Problem{
		Title:     fault.Title(shown.Code),
		Status:    status,
		Code:      shown.Code,
		Detail:    shown.Message,
		Hint:      shown.Hint,
		RequestID: header.Get(requestIDHeader),
		RetrySafe: shown.RetrySafe,
	})
}

// userChallenge is how an API asks for another token of its user (RFC 6750
// section 3, OpenID Connect Core section 5.5).
func userChallenge(claims string) string {
	if claims == "" {
		return `Bearer realm="valetkey", error="invalid_token"`
	}
	return `Bearer realm="valetkey", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSON(w, v)
	return nil
}

// written answers a PUT: 201 with the place of a thing that is new, else 200.
func written(w http.ResponseWriter, r *http.Request, created bool, v any) error {
	if !created {
		return answer(w, http.StatusOK, v)
	}
	w.Header().Set("Location", r.URL.EscapedPath())
	return answer(w, http.StatusCreated, v)
}

// deleted answers a DELETE.
func deleted(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// writeJSON leaves <, > and & readable: no answer is ever part of a page. An
// error means that the caller has left, since all that is written can be.
func writeJSON(w http.ResponseWriter, v any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}
