package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
)

// lines is a server whose runs answer with body, as lines of JSON.
func lines(t *testing.T, kind, body string, abort bool) *client.Client {
	return server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/connections/mail/operations/list/run" || r.Method != http.MethodPost {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
		if abort {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
}

func each(t *testing.T, c *client.Client) (items []string, raw string, err error) {
	t.Helper()
	err = c.RunEach(t.Context(), client.OperationRun{Connection: "mail", Operation: "list"}, func(item json.RawMessage) error {
		items = append(items, string(item))
		return nil
	}, func(kind string, body io.Reader) error {
		text, err := io.ReadAll(body)
		raw = kind + " " + string(text)
		return err
	})
	return items, raw, err
}

func TestTheItemsOfARunComeAsTheyAre(t *testing.T) {
	items, _, err := each(t, lines(t, "application/x-ndjson", "{\"b\":1.50,\"a\":2}\n3\n", false))
	if err != nil || strings.Join(items, " ") != `{"b":1.50,"a":2} 3` {
		t.Error(items, err)
	}
	if items, _, err := each(t, lines(t, "application/x-ndjson", "", false)); err != nil || len(items) != 0 {
		t.Error(items, err)
	}
}

func TestAnAnswerThatIsNoJSONIsGivenRaw(t *testing.T) {
	items, raw, err := each(t, lines(t, "text/xml", "<a/>", false))
	if err != nil || raw != "text/xml <a/>" || len(items) != 0 {
		t.Error(items, raw, err)
	}
}

func TestARunThatFailsOnTheWayIsAnErrorAfterItsItems(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want api.Code
	}{
		"with its reason": {"1\n" + `{"valetkey_error":{"code":"upstream_error","detail":"x"}}` + "\n", api.CodeUpstream},
		"in a line":       {"1\n{\"a\":", api.CodeUnreachable},
		"between lines":   {"1\n", api.CodeUnreachable},
	} {
		body := strings.Replace(test.body, "upstream_error", string(api.CodeUpstream), 1)
		items, _, err := each(t, lines(t, "application/x-ndjson", body, true))
		var p *api.Problem
		if !errors.As(err, &p) || p.Code != test.want || len(items) != 1 {
			t.Errorf("%s: %q, %v", name, items, err)
		}
	}
}

func TestARefusedRunIsAProblem(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, api.Problem{Status: 404, Code: api.CodeNotFound})
	})
	var p *api.Problem
	if _, _, err := each(t, c); !errors.As(err, &p) || p.Code != api.CodeNotFound {
		t.Error(err)
	}
	if _, err := c.Run(t.Context(), "mail", "list", api.RunRequest{}); !errors.As(err, &p) {
		t.Error(err)
	}
}

func TestOperationsAndWholeRuns(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/connections/mail/operations" {
			answer(w, 200, api.OperationList{Operations: map[string]api.Operation{"list": {Path: "/x"}}})
			return
		}
		var asked api.RunRequest
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Limit != 2 || asked.Params["a"] != "b" {
			t.Errorf("%+v %v", asked, err)
		}
		answer(w, 200, api.RunResult{Items: []any{1, 2}, Pages: 1, More: true})
	})
	known, err := c.Operations(t.Context(), "mail")
	if err != nil || known["list"].Path != "/x" {
		t.Error(known, err)
	}
	result, err := c.Run(t.Context(), "mail", "list", api.RunRequest{Params: map[string]any{"a": "b"}, Limit: 2})
	if err != nil || len(result.Items) != 2 || !result.More {
		t.Error(result, err)
	}
}
