package operation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/operation"
)

// contoso is a set with one operation called it, at https://api.contoso.example/v1.
func contoso(op api.Operation) operation.Set {
	return operation.Set{
		Connection: "orders",
		Operations: map[string]api.Operation{"it": op},
		Variables:  map[string]string{"tenant": "acme/x"},
		BaseURL:    "https://api.contoso.example/v1",
	}
}

// run runs the operation against a handler that plays the API, and gives the
// items as JSON texts and what was asked for.
func run(t *testing.T, op api.Operation, asked api.RunRequest, h http.HandlerFunc) (items, requests []string, done operation.Outcome, err error) {
	t.Helper()
	r, err := operation.New(contoso(op), "it", asked)
	if err != nil {
		return nil, nil, done, err
	}
	send := func(ctx context.Context, o operation.Request) (*http.Response, error) {
		path := strings.TrimPrefix(o.Path, "https://api.contoso.example/v1")
		requests = append(requests, o.Method+" "+o.Path+" "+string(o.Body))
		req := httptest.NewRequestWithContext(ctx, o.Method, "http://api"+path, strings.NewReader(string(o.Body)))
		req.Header = o.Header
		rec := httptest.NewRecorder()
		h(rec, req)
		return rec.Result(), nil
	}
	done, err = r.Each(t.Context(), send, func(item json.RawMessage) error {
		items = append(items, string(item))
		return nil
	})
	return items, requests, done, err
}

// sent is the one request that an operation makes.
func sent(t *testing.T, op api.Operation, asked api.RunRequest) (*http.Request, string) {
	t.Helper()
	var got *http.Request
	var body string
	_, _, _, err := run(t, op, asked, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		got, body = r, string(data)
		w.WriteHeader(http.StatusNoContent)
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, body
}

func jsonHandler(answer func(q url.Values) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, answer(r.URL.Query()))
	}
}

func TestAValueStaysInItsPlace(t *testing.T) {
	for name, test := range map[string]struct {
		path   string
		p      api.OperationParameter
		value  any
		want   string
		refuse bool
	}{
		"a slash":             {"/a/{v}/b", api.OperationParameter{}, "x/y", "/a/x%2Fy/b", false},
		"a question mark":     {"/a/{v}", api.OperationParameter{}, "x?y=1#z", "/a/x%3Fy=1%23z", false},
		"two dots":            {"/a/{v}/b", api.OperationParameter{}, "..", "", true},
		"nothing":             {"/a/{v}/b", api.OperationParameter{}, "", "", true},
		"a line break":        {"/a/{v}", api.OperationParameter{}, "x\ny", "", true},
		"the path of a file":  {"/root:/{v}:/content", api.OperationParameter{Segments: true}, "my docs/a#b.txt", "/root:/my%20docs/a%23b.txt:/content", false},
		"a climbing file":     {"/root:/{v}:/content", api.OperationParameter{Segments: true}, "a/../../b", "", true},
		"an OData literal":    {"/Customers('{v}')", api.OperationParameter{}, "O'Hara", "/Customers('O%27%27Hara')", false},
		"an OData filter":     {"/C?$filter=name%20eq%20'{v}'", api.OperationParameter{}, "x' or 1 eq 1&y", "/C?$filter=name%20eq%20'x%27%27+or+1+eq+1%26y'", false},
		"a list":              {"/a/{v}", api.OperationParameter{Type: "array"}, []any{"x", "y"}, "/a/x%2Cy", false},
		"a variable":          {"/{tenant}/{v}", api.OperationParameter{}, "x", "/acme%2Fx/x", false},
		"query, repeated":     {"/a", api.OperationParameter{Type: "array"}, []any{"x", "y&z"}, "/a?v=x&v=y%26z", false},
		"query, commas":       {"/a", api.OperationParameter{Type: "array", Style: "comma"}, "x,y", "/a?v=x%2Cy", false},
		"query, pipes":        {"/a", api.OperationParameter{Type: "array", Style: "pipe"}, `["x", 2]`, "/a?v=x%7C2", false},
		"query, by its name":  {"/a?b=c", api.OperationParameter{Name: "$top", Type: "integer"}, 5.0, "/a?b=c&%24top=5", false},
		"query, an object":    {"/a", api.OperationParameter{Type: "object"}, `{"b": 1}`, "/a?v=%7B%22b%22%3A1%7D", false},
		"without first slash": {"a/{v}", api.OperationParameter{}, "x", "/a/x", false},
	} {
		_, requests, _, err := run(t, api.Operation{Path: test.path, Parameters: map[string]api.OperationParameter{"v": test.p}},
			api.RunRequest{Params: map[string]any{"v": test.value}}, jsonHandler(func(url.Values) string { return "[]" }))
		if test.refuse {
			if !fault.Is(err, api.CodeInvalid) || len(requests) > 0 {
				t.Errorf("%s: sent %q, %v", name, requests, err)
			}
			continue
		}
		if err != nil || requests[0] != "GET "+test.want+" " {
			t.Errorf("%s: %q, %v", name, requests, err)
		}
	}
}

func TestParametersAreReadAsTheirTypesOrRefused(t *testing.T) {
	for name, test := range map[string]struct {
		p     api.OperationParameter
		value any
		want  string // what the error says; "" for none
	}{
		"a whole number":         {api.OperationParameter{Type: "integer"}, "42", ""},
		"a number as JSON":       {api.OperationParameter{Type: "integer"}, 42.0, ""},
		"no whole number":        {api.OperationParameter{Type: "integer"}, "4.2", "is not a whole number"},
		"a number":               {api.OperationParameter{Type: "number"}, "-4.2e1", ""},
		"no number":              {api.OperationParameter{Type: "number"}, "NaN", "is not a number"},
		"a boolean":              {api.OperationParameter{Type: "boolean"}, true, ""},
		"no boolean":             {api.OperationParameter{Type: "boolean"}, "yes", "is neither true nor false"},
		"one of the values":      {api.OperationParameter{Enum: []string{"open", "paid"}}, "paid", ""},
		"none of the values":     {api.OperationParameter{Enum: []string{"open", "paid"}}, "lost", "it is one of open, paid"},
		"more than one":          {api.OperationParameter{}, []any{"a", "b"}, "given more than once"},
		"a broken list":          {api.OperationParameter{Type: "array"}, "[1", "is not a JSON list"},
		"no object":              {api.OperationParameter{Type: "object"}, "[1]", "is not a JSON object"},
		"missing":                {api.OperationParameter{Required: true}, nil, "is missing"},
		"missing with a default": {api.OperationParameter{Required: true, Default: "x"}, nil, ""},
	} {
		_, err := operation.New(contoso(api.Operation{Path: "/a", Parameters: map[string]api.OperationParameter{"v": test.p}}), "it",
			api.RunRequest{Params: map[string]any{"v": test.value}})
		if test.want == "" && err != nil || test.want != "" && (!fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnUnknownNameIsAnsweredWithTheNearest(t *testing.T) {
	set := contoso(api.Operation{Path: "/a", Parameters: map[string]api.OperationParameter{"customer": {}}})
	_, err := operation.New(set, "it", api.RunRequest{Params: map[string]any{"custommer": "x"}})
	if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), "did you mean customer?") {
		t.Error(err)
	}
	if _, err = operation.New(set, "its", api.RunRequest{}); !fault.Is(err, api.CodeNotFound) || !strings.Contains(err.Error(), "did you mean it?") {
		t.Error(err)
	}
	if _, err = operation.New(operation.Set{Connection: "x"}, "it", api.RunRequest{}); !fault.Is(err, api.CodeNotFound) {
		t.Error(err)
	}
}

func TestBodiesAreMadeOfWhatTheOperationSays(t *testing.T) {
	params := map[string]api.OperationParameter{
		"name": {In: "template"}, "n": {In: "template", Type: "integer"}, "tags": {In: "template", Type: "array"}, "gone": {In: "template"},
	}
	given := api.RunRequest{Params: map[string]any{"name": `a "b" <c> & d`, "n": "7", "tags": "x,y"}}
	text := "whole"
	for name, test := range map[string]struct {
		op    api.Operation
		asked api.RunRequest
		kind  string
		want  string
	}{
		"a JSON template": {api.Operation{Parameters: params, Body: &api.OperationBody{Template: map[string]any{
			"title": "{name}!", "n": "{n}", "tags": "{tags}", "gone": "{gone}", "list": []any{"{gone}", "{n}", true}, "t": "{tenant}",
		}}}, given, "application/json", `{"list":[7,true],"n":7,"t":"acme/x","tags":["x","y"],"title":"a \"b\" \u003cc\u003e \u0026 d!"}`},
		"a JSON text": {api.Operation{Parameters: params, Body: &api.OperationBody{Template: `{"a":"{name}"}`}}, given,
			"application/json", `{"a":"a \"b\" \u003cc\u003e \u0026 d"}`},
		"an XML text": {api.Operation{Parameters: params, Body: &api.OperationBody{MediaType: "text/xml; charset=utf-8", Template: "<a>{name}</a>"}}, given,
			"text/xml; charset=utf-8", "<a>a &#34;b&#34; &lt;c&gt; &amp; d</a>"},
		"a form text": {api.Operation{Parameters: params, Body: &api.OperationBody{MediaType: "application/x-www-form-urlencoded", Template: "a={name}&n={n}"}}, given,
			"application/x-www-form-urlencoded", "a=a+%22b%22+%3Cc%3E+%26+d&n=7"},
		"a form template": {api.Operation{Parameters: params, Body: &api.OperationBody{MediaType: "application/x-www-form-urlencoded", Template: map[string]any{"a": "{tags}"}}}, given,
			"application/x-www-form-urlencoded", "a=x&a=y"},
		"members": {api.Operation{Parameters: map[string]api.OperationParameter{"n": {In: "body", Name: "N", Type: "integer"}, "o": {In: "body", Type: "object"}}},
			api.RunRequest{Params: map[string]any{"n": "1", "o": `{"x":[1.50]}`}}, "application/json", `{"N":1,"o":{"x":[1.50]}}`},
		"whole, as text": {api.Operation{Body: &api.OperationBody{MediaType: "text/csv"}}, api.RunRequest{Text: &text}, "text/csv", "whole"},
		"whole, as JSON": {api.Operation{Body: &api.OperationBody{}}, api.RunRequest{Body: map[string]any{"a": 1.0}}, "application/json", `{"a":1}`},
		"none":           {api.Operation{Method: "DELETE"}, api.RunRequest{}, "", ""},
	} {
		test.op.Path = "/a"
		r, body := sent(t, test.op, test.asked)
		if body != test.want || r.Header.Get("Content-Type") != test.kind {
			t.Errorf("%s: %s %q", name, r.Header.Get("Content-Type"), body)
		}
		if want := operation.Method(test.op); r.Method != want || test.want != "" && want != http.MethodPost {
			t.Errorf("%s: %s", name, r.Method)
		}
	}
}

func TestABodyThatDoesNotFitIsRefusedBeforeItIsSent(t *testing.T) {
	text := "x"
	for name, test := range map[string]struct {
		op    api.Operation
		asked api.RunRequest
	}{
		"where there is none":   {api.Operation{}, api.RunRequest{Text: &text}},
		"beside a template":     {api.Operation{Body: &api.OperationBody{Template: "y"}}, api.RunRequest{Text: &text}},
		"that is missing":       {api.Operation{Body: &api.OperationBody{Required: true}}, api.RunRequest{}},
		"with a negative limit": {api.Operation{}, api.RunRequest{Limit: -1}},
	} {
		test.op.Path = "/a"
		_, requests, _, err := run(t, test.op, test.asked, func(http.ResponseWriter, *http.Request) {})
		if !fault.Is(err, api.CodeInvalid) || len(requests) > 0 {
			t.Errorf("%s: %v %v", name, requests, err)
		}
	}
}

func TestHeadersAreFilledIn(t *testing.T) {
	r, _ := sent(t, api.Operation{Path: "/a", Headers: map[string]string{"SOAPAction": `"{action}"`},
		Parameters: map[string]api.OperationParameter{"action": {In: "template"}, "etag": {In: "header", Name: "If-Match"}}},
		api.RunRequest{Params: map[string]any{"action": "get", "etag": "W/1"}})
	if r.Header.Get("SOAPAction") != `"get"` || r.Header.Get("If-Match") != "W/1" || !strings.HasPrefix(r.Header.Get("Accept"), "application/json") {
		t.Error(r.Header)
	}
}

// numbers is the page of 1..7 that begins after skip.
func numbers(skip, size int) []string {
	var list []string
	for n := skip + 1; n <= 7 && len(list) < size; n++ {
		list = append(list, strconv.Itoa(n))
	}
	return list
}

func TestEveryKindOfPagesIsFollowedToItsEnd(t *testing.T) {
	at := func(text string) int { n, _ := strconv.Atoi(text); return n }
	list := func(skip int) string { return "[" + strings.Join(numbers(skip, 3), ",") + "]" }
	zero := 0
	for name, test := range map[string]struct {
		op     api.Operation
		answer func(q url.Values) string
		pages  int
	}{
		"OData": {api.Operation{Items: "/value"}, func(q url.Values) string {
			skip := at(q.Get("$skip"))
			if skip >= 6 {
				return `{"value":` + list(skip) + `}`
			}
			return fmt.Sprintf(`{"value":%s,"@odata.nextLink":"https://api.contoso.example/v1/a?$skip=%d"}`, list(skip), skip+3)
		}, 3},
		"an address": {api.Operation{Items: "d/list", Pagination: &api.Pagination{By: "url", Next: "/d/next"}}, func(q url.Values) string {
			skip, next := at(q.Get("s")), `null`
			if skip < 6 {
				next = fmt.Sprintf(`"?s=%d"`, skip+3)
			}
			return `{"d":{"list":` + list(skip) + `,"next":` + next + `}}`
		}, 3},
		"a cursor": {api.Operation{Items: "/x", Pagination: &api.Pagination{By: "cursor", Next: "/c", Parameter: "after", SizeParameter: "n", Size: 3}}, func(q url.Values) string {
			skip := at(q.Get("after"))
			if q.Get("n") != "3" {
				return `{"x":[]}`
			}
			if skip >= 6 {
				return `{"x":` + list(skip) + `,"c":""}`
			}
			return fmt.Sprintf(`{"x":%s,"c":%d}`, list(skip), skip+3)
		}, 3},
		"a cursor with more": {api.Operation{Items: "/x", Pagination: &api.Pagination{By: "cursor", Next: "/c", Parameter: "after", More: "/more"}}, func(q url.Values) string {
			skip := at(q.Get("after"))
			return fmt.Sprintf(`{"x":%s,"c":%d,"more":%t}`, list(skip), skip+3, skip < 6)
		}, 3},
		"an offset":                {api.Operation{Pagination: &api.Pagination{By: "offset", Parameter: "o"}}, func(q url.Values) string { return list(at(q.Get("o"))) }, 4},
		"an offset and a size":     {api.Operation{Pagination: &api.Pagination{By: "offset", Parameter: "o", Size: 3}}, func(q url.Values) string { return list(at(q.Get("o"))) }, 3},
		"a page":                   {api.Operation{Pagination: &api.Pagination{By: "page", Parameter: "p", Size: 3}}, func(q url.Values) string { return list((at(q.Get("p")) - 1) * 3) }, 3},
		"a page that begins at 0":  {api.Operation{Pagination: &api.Pagination{By: "page", Parameter: "p", Size: 3, Start: &zero}}, func(q url.Values) string { return list(at(q.Get("p")) * 3) }, 3},
		"none":                     {api.Operation{Pagination: &api.Pagination{By: "none"}}, func(url.Values) string { return "[1,2,3,4,5,6,7]" }, 1},
		"a list that is left out":  {api.Operation{Items: "/value"}, func(url.Values) string { return `{}` }, 1},
		"an object is one item":    {api.Operation{}, func(url.Values) string { return `{"z":1,"a":1.50}` }, 1},
		"an answer without a body": {api.Operation{}, func(url.Values) string { return "" }, 1},
	} {
		test.op.Path = "/a"
		items, requests, done, err := run(t, test.op, api.RunRequest{}, jsonHandler(test.answer))
		want := "1,2,3,4,5,6,7"
		switch name {
		case "an object is one item":
			want = `{"z":1,"a":1.50}`
		case "a list that is left out", "an answer without a body":
			want = ""
		}
		if err != nil || strings.Join(items, ",") != want || done.Pages != test.pages || len(requests) != test.pages {
			t.Errorf("%s: %v in %d pages, %v\n%s", name, items, done.Pages, err, strings.Join(requests, "\n"))
		}
	}
}

func TestLinkHeadersAreFollowed(t *testing.T) {
	items, requests, _, err := run(t, api.Operation{Path: "/deep/a"}, api.RunRequest{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("p") == "" {
			w.Header().Set("Link", `<https://api.contoso.example/v1/x>; rel="prev", <a?p=2>; rel="next"`)
		}
		_, _ = io.WriteString(w, "[1]")
	})
	if err != nil || len(items) != 2 || requests[1] != "GET https://api.contoso.example/v1/deep/a?p=2 " {
		t.Error(items, requests, err)
	}
}

func TestACursorMayStandInTheBody(t *testing.T) {
	op := api.Operation{Path: "/search", Method: "POST", Items: "/x", Parameters: map[string]api.OperationParameter{"after": {In: "body"}, "q": {In: "body"}},
		Pagination: &api.Pagination{By: "cursor", Next: "/c", Parameter: "after"}}
	_, requests, _, err := run(t, op, api.RunRequest{Params: map[string]any{"q": "x"}}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		next := `,"c":"two"`
		if strings.Contains(string(body), "two") {
			next = ""
		}
		_, _ = io.WriteString(w, `{"x":[1]`+next+`}`)
	})
	if err != nil || len(requests) != 2 || requests[1] != `POST /search {"after":"two","q":"x"}` {
		t.Error(requests, err)
	}
}

func TestPagesThatDoNotEndAreAnError(t *testing.T) {
	for name, test := range map[string]struct {
		op     *api.Pagination
		answer func(q url.Values) string
	}{
		"the same cursor":   {&api.Pagination{By: "cursor", Next: "/c", Parameter: "c"}, func(url.Values) string { return `{"c":"again"}` }},
		"an ignored offset": {&api.Pagination{By: "offset", Parameter: "o"}, func(url.Values) string { return `[1,2]` }},
		"a link to itself":  {nil, func(url.Values) string { return `{"@odata.nextLink":"?x=1"}` }},
		"a link that swings": {nil, func(q url.Values) string {
			return `{"@odata.nextLink":"?x=` + map[string]string{"1": "2"}[q.Get("x")] + `1"}`
		}},
	} {
		_, requests, _, err := run(t, api.Operation{Path: "/a", Pagination: test.op}, api.RunRequest{}, jsonHandler(test.answer))
		if name == "a link that swings" && len(requests) > 4 || !fault.Is(err, api.CodeUpstream) {
			t.Errorf("%s: %d requests, %v", name, len(requests), err)
		}
	}
}

func TestALimitEndsARun(t *testing.T) {
	op := api.Operation{Path: "/a", Pagination: &api.Pagination{By: "offset", Parameter: "o", Size: 3}}
	h := jsonHandler(func(q url.Values) string {
		skip, _ := strconv.Atoi(q.Get("o"))
		return "[" + strings.Join(numbers(skip, 3), ",") + "]"
	})
	for limit, want := range map[int]struct {
		items, pages int
		more         bool
	}{1: {1, 1, true}, 3: {3, 1, true}, 4: {4, 2, true}, 7: {7, 3, false}, 9: {7, 3, false}} {
		items, _, done, err := run(t, op, api.RunRequest{Limit: limit}, h)
		if err != nil || len(items) != want.items || done.Pages != want.pages || done.More != want.more {
			t.Errorf("%d: %d items, %+v, %v", limit, len(items), done, err)
		}
	}
}

func TestAnAnswerThatIsNoJSONIsHandedOn(t *testing.T) {
	_, _, done, err := run(t, api.Operation{Path: "/a"}, api.RunRequest{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, "<a>1</a>")
	})
	if err != nil || done.Raw == nil {
		t.Fatal(err)
	}
	defer done.Raw.Body.Close()
	if body, err := io.ReadAll(done.Raw.Body); err != nil || string(body) != "<a>1</a>" {
		t.Errorf("%q %v", body, err)
	}
}

func TestWhatTheAPIRefusesIsAnErrorWithItsWords(t *testing.T) {
	for status, hint := range map[int]string{401: "needs the scope orders.read", 403: "needs the scope orders.read", 404: "check the parameters", 500: ""} {
		_, _, _, err := run(t, api.Operation{Path: "/a", Scopes: []string{"orders.read"}}, api.RunRequest{}, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "{\n \"message\": \"no such order\"}"+strings.Repeat(" x", 1000))
		})
		found := fault.As(err)
		if found.Code != api.CodeUpstream || !strings.Contains(found.Message, `{ "message": "no such order"}`) || len(found.Message) > 700 || !strings.Contains(found.Hint, hint) {
			t.Errorf("%d: %s, %s", status, found.Message, found.Hint)
		}
	}
}

func TestAnAnswerThatIsNotWhatItSaysIsAnError(t *testing.T) {
	for name, body := range map[string]string{"no JSON": "<html>", "half": `{"value":[1`, "no list": `{"value":{"a":1}}`} {
		_, _, _, err := run(t, api.Operation{Path: "/a", Items: "/value"}, api.RunRequest{}, jsonHandler(func(url.Values) string { return body }))
		if !fault.Is(err, api.CodeUpstream) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheErrorOfWhoTakesEndsTheRun(t *testing.T) {
	r, err := operation.New(contoso(api.Operation{Path: "/a"}), "it", api.RunRequest{})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	_, err = r.Each(t.Context(), func(context.Context, operation.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		_, _ = io.WriteString(rec, "[1,2]")
		return rec.Result(), nil
	}, func(json.RawMessage) error { return full })
	if !errors.Is(err, full) {
		t.Error(err)
	}
}

func TestItemsBecomeRowsWithNestedMembersAsColumns(t *testing.T) {
	var table operation.Table
	for _, item := range []string{`{"b":1,"a":{"x":null,"y":{"z":"q"}},"l":[1, 2]}`, `{"c":true,"b":1.50}`, `7`} {
		table.Add(json.RawMessage(item))
	}
	var rows []string
	for row := range table.Rows {
		rows = append(rows, strings.Join(row, "|"))
	}
	if got := strings.Join(table.Columns, " "); got != "b a.x a.y.z l c value" {
		t.Error(got)
	}
	if want := "1||q|[1, 2]||\n1.50||||true|\n|||||7"; strings.Join(rows, "\n") != want {
		t.Error(strings.Join(rows, "\n"))
	}
}

func FuzzPath(f *testing.F) {
	f.Add("x/../y", "a'b")
	f.Add("%2e%2e", "..\\..")
	f.Fuzz(func(t *testing.T, one, two string) {
		op := api.Operation{Path: "/base/{one}/files/{two}", Parameters: map[string]api.OperationParameter{"one": {}, "two": {Segments: true}}}
		r, err := operation.New(contoso(op), "it", api.RunRequest{Params: map[string]any{"one": one, "two": two}})
		if err != nil {
			return
		}
		_, _ = r.Each(t.Context(), func(_ context.Context, o operation.Request) (*http.Response, error) {
			if !strings.HasPrefix(o.Path, "/base/") || !strings.Contains(o.Path, "/files/") || strings.ContainsAny(o.Path, "?#\\ \n") || strings.Contains(o.Path, "/../") {
				t.Errorf("%q, %q: %s", one, two, o.Path)
			}
			return nil, errors.New("enough")
		}, nil)
	})
}
