package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// Operations are the named requests that a connection can run.
func (c *Client) Operations(ctx context.Context, connection string) (map[string]api.Operation, error) {
	var out api.OperationList
	err := c.do(ctx, request{method: http.MethodGet, path: of(connection, "operations")}, &out)
	return out.Operations, err
}

// Run runs an operation and returns its items, all pages of them. An answer
// that is no JSON, or is longer than memory, is for [Client.RunEach].
func (c *Client) Run(ctx context.Context, connection, operation string, r api.RunRequest) (api.RunResult, error) {
	var out api.RunResult
	path := append(of(connection, "operations"), operation, "run")
	err := c.do(ctx, request{method: http.MethodPost, path: path, body: r}, &out)
	return out, err
}

// RunEach runs an operation and gives each item to take as it comes. An answer
// of the API that is no JSON goes to raw instead, which must not keep the
// reader. An error of the API after the first item is an [api.Problem] as it
// is before it.
func (c *Client) RunEach(ctx context.Context, run OperationRun, take func(json.RawMessage) error, raw func(contentType string, body io.Reader) error) error {
	path := append(of(run.Connection, "operations"), run.Operation, "run")
	req, err := c.newRequest(ctx, request{method: http.MethodPost, path: path, body: run.Request})
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/x-ndjson, application/problem+json")
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(c.name, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode < 200 || res.StatusCode > 299:
		return c.problemOf(res)
	case res.Header.Get("Content-Type") != "application/x-ndjson":
		return raw(res.Header.Get("Content-Type"), res.Body)
	}
	return eachLine(ctx, res.Body, take)
}

// OperationRun says which operation [Client.RunEach] runs, and how.
type OperationRun struct {
	Connection string
	Operation  string
	Request    api.RunRequest
}

// eachLine reads items, a line each, to the end or to the error that is the
// last line.
func eachLine(ctx context.Context, body io.Reader, take func(json.RawMessage) error) error {
	reader := bufio.NewReader(body)
	for {
		line, err := reader.ReadBytes('\n')
		if problem := lineProblem(line); problem != nil {
			return problem
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			return &api.Problem{Title: "The API's answer is not whole", Code: api.CodeUnreachable, Detail: "the answer broke off before its end"}
		}
		if err := take(json.RawMessage(bytes.TrimSpace(line))); err != nil {
			return err
		}
	}
}

// lineProblem is the error that a last line holds, or nil.
func lineProblem(line []byte) *api.Problem {
	if !bytes.HasPrefix(line, []byte(`{"valetkey_error":`)) {
		return nil
	}
	var last struct {
		Problem *api.Problem `json:"valetkey_error"`
	}
	if json.Unmarshal(line, &last) != nil {
		return nil
	}
	return last.Problem
}
