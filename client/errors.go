package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// UnreachableError says that the Valetkey server itself cannot be reached. Its
// Problem has [api.CodeUnreachable]; errors.Is sees the network's error too.
type UnreachableError struct {
	Server  string // the URL or socket that was tried
	Problem *api.Problem
	Err     error // what the network said
}

// Error names the server and what the network said.
func (e *UnreachableError) Error() string { return e.Problem.Error() }

// Unwrap gives the problem and the network's error.
func (e *UnreachableError) Unwrap() []error { return []error{e.Problem, e.Err} }

func unreachable(server string, err error) error {
	// The url.Error around it repeats the address, which for a socket is a
	// made-up one.
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &UnreachableError{
		Server: server,
		Problem: &api.Problem{
			Title:  "Valetkey cannot be reached",
			Code:   api.CodeUnreachable,
			Detail: fmt.Sprintf("the Valetkey server at %s cannot be reached: %v", server, err),
			Hint:   "start it with `valetkey serve`, or correct VALETKEY_URL or --url",
		},
		Err: err,
	}
}

func invalid(detail, hint string) *api.Problem {
	return &api.Problem{Title: "The request is not valid", Code: api.CodeInvalid, Detail: detail, Hint: hint}
}

// problemOf reads an error answer. What is not a problem document does not
// come from Valetkey: the URL then names some other server.
func (c *Client) problemOf(res *http.Response) *api.Problem {
	if isProblem(res) {
		var p api.Problem
		if json.NewDecoder(io.LimitReader(res.Body, maxProblem)).Decode(&p) == nil && p.Code != "" {
			if p.Status == 0 {
				p.Status = res.StatusCode
			}
			return &p
		}
	}
	return &api.Problem{
		Title:  "Not an answer of Valetkey",
		Status: res.StatusCode,
		Code:   api.CodeUnreachable,
		Detail: fmt.Sprintf("%s answered %s %q, which is not an answer of Valetkey", c.name, strings.TrimSpace(res.Status), res.Header.Get("Content-Type")),
		Hint:   "check VALETKEY_URL or --url: it is the server's address without /v1",
	}
}

func isProblem(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return kind == "application/problem+json"
}

const (
	maxProblem = 1 << 20  // bytes of an error answer
	maxAnswer  = 64 << 20 // bytes of a JSON answer
)
