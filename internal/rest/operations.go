package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	operations "github.com/valetkey/valetkey/internal/operation"
)

// mediaLines is one JSON document a line.
const mediaLines = "application/x-ndjson"

// Operations are what connections can run.
type Operations interface {
	Operations(ctx context.Context, connection string) (operations.Set, error)
}

func (s *Server) listOperations(w http.ResponseWriter, r *http.Request) error {
	set, err := s.config.Broker.Operations(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, api.OperationList{Operations: set.Operations})
}

// runOperation answers with all items as one document, or as lines while they
// come where the caller accepts those. An answer of the API that is no JSON
// goes through as it is.
func (s *Server) runOperation(w http.ResponseWriter, r *http.Request) error {
	var asked api.RunRequest
	if err := decodeOptional(r, &asked); err != nil {
		return err
	}
	name := r.PathValue("name")
	set, err := s.config.Broker.Operations(r.Context(), name)
	if err != nil {
		return err
	}
	run, err := operations.New(set, r.PathValue("operation"), asked)
	if err != nil {
		return err
	}
	send := func(ctx context.Context, o operations.Request) (*http.Response, error) {
		response, err := s.config.Engine.Do(ctx, name, sent(o))
		if err == nil && response.Header.Get("Valetkey-Error") != "" {
			defer response.Body.Close()
			return nil, fault.New(api.CodeRateLimited, "the limits of the connection %s did not let the call through in time", name).
				WithHint("run it again later, or raise api.rate_limit of the connection")
		}
		return response, err
	}
	if strings.Contains(r.Header.Get("Accept"), mediaLines) {
		return lines(w, r, run, send)
	}
	return whole(w, r, run, send)
}

// sent is an operation's request as the engine takes it.
func sent(o operations.Request) call.Request {
	out := call.Request{Method: o.Method, Path: o.Path, Header: o.Header.Clone()}
	if o.Body != nil {
		out.Body, out.ContentLength = bytes.NewReader(o.Body), int64(len(o.Body))
	}
	return out
}

// whole answers with one document.
func whole(w http.ResponseWriter, r *http.Request, run *operations.Run, send operations.Send) error {
	result := api.RunResult{Items: []any{}}
	size := 0
	done, err := run.Each(r.Context(), send, func(item json.RawMessage) error {
		if size += len(item); size > maxAnswer {
			return fault.New(api.CodeUpstream, "the answer is larger than %d MiB", maxAnswer>>20).
				WithHint("ask for it with Accept: %s, which streams answers of any size", mediaLines)
		}
		result.Items = append(result.Items, item)
		return nil
	})
	if err != nil {
		return err
	}
	if done.Raw != nil {
		return raw(w, done.Raw)
	}
	result.Pages, result.More = done.Pages, done.More
	return answer(w, http.StatusOK, result)
}

// lines answers with an item a line. An error before the first is a problem;
// after it, the last line has the one member valetkey_error, and the answer
// breaks off so that no one takes it for whole.
func lines(w http.ResponseWriter, r *http.Request, run *operations.Run, send operations.Send) error {
	begun := false
	begin := func() {
		if !begun {
			w.Header().Set("Content-Type", mediaLines)
			w.WriteHeader(http.StatusOK)
			begun = true
		}
	}
	control := http.NewResponseController(w)
	paged := func(ctx context.Context, o operations.Request) (*http.Response, error) {
		if begun {
			_ = control.Flush() // what a page held goes out while the next is fetched
		}
		return send(ctx, o)
	}
	var line bytes.Buffer
	done, err := run.Each(r.Context(), paged, func(item json.RawMessage) error {
		begin()
		line.Reset()
		if err := json.Compact(&line, item); err != nil {
			return err
		}
		_, err := w.Write(append(line.Bytes(), '\n'))
		return err
	})
	switch {
	case err != nil && !begun:
		return err
	case err != nil:
		shown := fault.As(err)
		writeJSON(w, map[string]api.Problem{"valetkey_error": {
			Title: fault.Title(shown.Code), Status: fault.Status(shown.Code), Code: shown.Code, Detail: shown.Message, Hint: shown.Hint,
		}})
		_ = control.Flush()
		panic(http.ErrAbortHandler)
	case done.Raw != nil:
		return raw(w, done.Raw)
	}
	begin()
	return nil
}

// raw passes on an answer that is no JSON.
func raw(w http.ResponseWriter, response *http.Response) error {
	defer response.Body.Close()
	kind := response.Header.Get("Content-Type")
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", "attachment") // no page of ours
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(w, response.Body); err != nil {
		panic(http.ErrAbortHandler) // a part must not pass for all of it
	}
	return nil
}
