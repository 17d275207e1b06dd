package rest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
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
	if len(req.Body) > 0 && req.Text != "" {
		return fault.New(api.CodeInvalid, "a call has either body or text, not both").
			WithHint("body is base64, text is sent as it stands")
	}
	name := r.PathValue("name")
	response, err := s.config.Engine.Do(r.Context(), name, outgoing(req))
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

// outgoing is a call as the engine takes it.
func outgoing(req api.CallRequest) call.Request {
	header := make(http.Header, len(req.Header))
	for name, values := range req.Header {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	body := req.Body
	if req.Text != "" {
		body = []byte(req.Text)
	}
	out := call.Request{
		Method:   req.Method,
		Path:     req.Path,
		RawQuery: url.Values(req.Query).Encode(),
		Header:   header,
	}
	if len(body) > 0 {
		out.Body, out.ContentLength = bytes.NewReader(body), int64(len(body))
	}
	return out
}

// callResponse takes an API's answer in whole.
func callResponse(response *http.Response, connection string) (api.CallResponse, error) {
	result := api.CallResponse{Status: response.StatusCode, Header: response.Header}
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

// test fails as the call itself would; the legs say how far it came when the
// API answered, whatever its status.
func (s *Server) test(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	credential, err := s.config.Broker.Credential(r.Context(), name)
	if err != nil {
		return err
	}
	target := credential.Target
	if target.TestPath == "" {
		return fault.New(api.CodeNeedsConfiguration, "the connection %q has a token, but no test request is known for its API", name).
			WithHint("set api.test.path of the connection or its provider to a harmless GET, such as /me")
	}
	response, err := s.config.Engine.Do(r.Context(), name, call.Request{Method: target.TestMethod, Path: target.TestPath})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	result := api.TestResult{OK: response.StatusCode < http.StatusBadRequest}
	if result.CallResponse, err = callResponse(response, name); err != nil {
		return err
	}
	result.Legs = []api.Leg{
		{Leg: "token", OK: true, Detail: tokenDetail(credential.ExpiresAt)},
		{Leg: "request", OK: result.OK, Detail: requestDetail(target.TestMethod, target.TestPath, response.StatusCode)},
	}
	return answer(w, http.StatusOK, result)
}

func tokenDetail(expires time.Time) string {
	if expires.IsZero() {
		return "an access token is there; the provider does not say how long it lives"
	}
	return "an access token is there, good until " + expires.UTC().Format(time.RFC3339)
}

func requestDetail(method, path string, status int) string {
	if method == "" {
		method = http.MethodGet
	}
	return fmt.Sprintf("%s %s was answered %d %s", method, path, status, http.StatusText(status))
}
