package console

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/operation"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

const (
	maxItems       = 50  // items of a run that a page shows
	maxListed      = 100 // operations that a connection's page lists
	parameterField = "p."
)

// operationLink is an operation as a connection's page lists it.
type operationLink struct{ Name, Title, Method string }

// operations lists what a connection can run. Where that cannot be said now,
// it is nothing: the page itself says why.
func (c *Console) operations(ctx context.Context, connection string) (found []operationLink) {
	set, err := c.Catalogue.Operations(ctx, connection)
	if err != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(set.Operations)) {
		if len(found) == maxListed {
			break
		}
		op := set.Operations[name]
		found = append(found, operationLink{name, op.Title, operation.Method(op)})
	}
	return found
}

// operationPage is one operation with the form that runs it.
type operationPage struct {
	Connection, Name string
	api.Operation
	Verb       string
	Parameters []parameter
	TakesBody  bool
	ranView
}

// parameter is a field of the form.
type parameter struct {
	Name, Type, Description, Value string
	Required                       bool
}

// ranView is what a run brought, and what was asked for.
type ranView struct {
	Asked map[string]string
	Text  string
	Ran   bool
	Fault string
	Count int
	More  bool
	Shown []token
}

func (c *Console) operation(w http.ResponseWriter, r *http.Request) error {
	name, of := r.PathValue("operation"), r.PathValue("name")
	set, err := c.Catalogue.Operations(r.Context(), of)
	if err != nil {
		return err
	}
	op, err := set.Find(name)
	if err != nil {
		return err
	}
	p := operationPage{Connection: of, Name: name, Operation: op, Verb: operation.Method(op)}
	p.ranView, _ = shelf.Take[ranView](c.shelf, r, false)
	inBody := false
	for _, key := range slices.Sorted(maps.Keys(op.Parameters)) {
		described := op.Parameters[key]
		inBody = inBody || described.In == "body"
		value, given := p.Asked[key]
		if !given {
			value = operation.DefaultOf(described)
		}
		p.Parameters = append(p.Parameters, parameter{key, operation.TypeOf(described), described.Description, value, operation.Needs(op, key)})
	}
	p.TakesBody = op.Body != nil && op.Body.Template == nil && !inBody
	return c.render(w, r, "operation", p)
}

// run runs an operation, as far as a page shows its items.
func (c *Console) run(w http.ResponseWriter, r *http.Request) error {
	name, of := r.PathValue("operation"), r.PathValue("name")
	set, err := c.Catalogue.Operations(r.Context(), of)
	if err != nil {
		return err
	}
	view := ranView{Asked: make(map[string]string), Text: r.PostFormValue("body"), Ran: true}
	asked := api.RunRequest{Params: make(map[string]any), Limit: maxItems}
	for field, values := range r.PostForm {
		if key, ok := strings.CutPrefix(field, parameterField); ok && values[0] != "" {
			view.Asked[key], asked.Params[key] = values[0], values[0]
		}
	}
	if view.Text != "" {
		asked.Text = &view.Text
	}
	if err := c.ran(r.Context(), set, name, asked, &view); err != nil {
		view.Fault = page.Sentences(fault.As(err))
	}
	return c.back(w, linkTo(of)+"/operations/"+url.PathEscape(name)+"?shown="+c.shelf.Put(r, view)+"#answer")
}

func (c *Console) ran(ctx context.Context, set operation.Set, name string, asked api.RunRequest, view *ranView) error {
	run, err := operation.New(set, name, asked)
	if err != nil {
		return err
	}
	items := []json.RawMessage{}
	size := 0
	done, err := run.Each(ctx, c.sender(set.Connection), func(item json.RawMessage) error {
		if size += len(item); size <= maxAnswer {
			items = append(items, slices.Clone(item))
		}
		view.Count++
		return nil
	})
	if err != nil {
		return err
	}
	view.More = done.More || len(items) < view.Count
	if done.Raw != nil {
		defer done.Raw.Body.Close()
		body, err := io.ReadAll(io.LimitReader(done.Raw.Body, maxAnswer))
		view.Shown = shownBody(done.Raw.Header.Get("Content-Type"), body)
		return err
	}
	text, err := json.Marshal(items)
	if err == nil {
		view.Shown = shownBody("application/json", text)
	}
	return err
}

// sender sends an operation's requests through a connection.
func (c *Console) sender(connection string) operation.Send {
	return func(ctx context.Context, o operation.Request) (*http.Response, error) {
		request := call.Request{Method: o.Method, Path: o.Path, Header: o.Header.Clone()}
		if o.Body != nil {
			request.Body, request.ContentLength = bytes.NewReader(o.Body), int64(len(o.Body))
		}
		return c.Calls.Do(ctx, connection, request)
	}
}
