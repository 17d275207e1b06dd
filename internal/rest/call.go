package rest

import (
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/trial"
)

const (
	maxAnswer     = 32 << 20 // bytes of an API's answer that a JSON answer may hold
	callBodyLimit = 45 << 20 // bytes of a call: a body of 32 MiB in base64, and the rest
)

func (s *Server) call(w http.ResponseWriter, r *http.Request) error {
	var req api.CallRequest
	if err := decode(r, &req, nil); err != nil {
		return err
	}
	name := r.PathValue("name")
	request, err := outgoing(req)
	if err != nil {
		return err
	}
	response, err := s.config.Engine.Do(r.Context(), name, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	result, err := callResponse(response, name)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, result)
}

// callResponse takes an API's answer in whole.
func callResponse(response *http.Response, connection string) (api.CallResponse, error) {
	result := api.CallResponse{
		Status: response.StatusCode, Header: response.Header,
		Failure: response.Header.Get(call.HeaderFailure), Hint: response.Header.Get(call.HeaderHint),
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return result, fault.Wrap(err, api.CodeUnreachable, "the API's answer broke off after %d bytes", len(body)).
			WithHint("try again; if it goes on, the API or the way to it is at fault")
	}
	if len(body) > maxAnswer {
		return result, fault.New(api.CodeUpstream, "the API's answer is larger than %d MiB", maxAnswer>>20).
			WithHint("call it as /proxy/%s/…, which streams answers of any size", connection)
	}
	if utf8.Valid(body) {
		result.Text = string(body)
	} else {
		result.Body = body
	}
	return result, nil
}

type testQuery struct {
	Refresh string `query:"refresh" description:"false: leave the renewal and what follows it out." enum:"true,false"`
}

// test fails as the call itself would where no token can be had or the API
// cannot be reached; else the legs say how far it came. Only those who may
// change the connection have its token renewed.
func (s *Server) test(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	force := r.URL.Query().Get("refresh") != "false" && owns(callerOf(r), r) == nil
	tried := trial.Trial{Grants: s.config.Broker, Calls: s.config.Engine, Name: name, MayForce: force}.Run(r.Context())
	if tried.Answer == nil {
		return tried.Err
	}
	defer tried.Answer.Body.Close()
	result := api.TestResult{OK: tried.OK(), Legs: tried.Legs}
	var err error
	if result.CallResponse, err = callResponse(tried.Answer, name); err != nil {
		return err
	}
	return answer(w, http.StatusOK, result)
}
