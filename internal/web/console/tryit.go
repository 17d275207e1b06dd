package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

// maxAnswer is how much of an API's answer a page shows, in bytes: pages stay
// small.
const maxAnswer = 24 << 10

// tryIt is the console of a connection: what to send, and what came back.
type tryIt struct {
	Method, Path, Headers, Body string
	Answer                      *Answer
}

// Answer is an API's answer, to be read: what the template "answer" shows.
type Answer struct {
	Status  int
	Title   string
	Took    time.Duration
	Headers []headerLine
	Body    []token
	Cut     bool
	Fault   string // why there is no answer
	Samples []sample
}

type headerLine struct{ Name, Value string }

// sample is the same call in another way.
type sample struct{ Kind, Text string }

// methods are those a person can choose from.
func methods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"} }

// Methods are what the console's form offers.
func (tryIt) Methods() []string { return methods() }

// call sends what the form says.
func (c *Console) call(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	t := tryIt{
		Method: r.PostFormValue("method"), Path: strings.TrimSpace(r.PostFormValue("path")),
		Headers: r.PostFormValue("headers"), Body: r.PostFormValue("body"),
	}
	if !slices.Contains(methods(), t.Method) {
		return fault.New(api.CodeInvalid, "there is no such method here")
	}
	view := c.send(r, name, t)
	view.Samples = c.samples(r, name, t)
	t.Answer = &view
	return c.back(w, linkTo(name)+"?shown="+c.shelf.Put(r, t)+"#try")
}

// Try sends a request without a body through a connection. The answer comes
// with the same call for other places.
func (c *Console) Try(r *http.Request, connection, method, path string) Answer {
	t := tryIt{Method: method, Path: path}
	answer := c.send(r, connection, t)
	answer.Samples = c.samples(r, connection, t)
	return answer
}

func (c *Console) send(r *http.Request, name string, t tryIt) Answer {
	header, err := headersOf(t.Headers)
	if err != nil {
		return Answer{Fault: page.Sentences(fault.As(err))}
	}
	request := call.Request{Method: t.Method, Path: t.Path, Header: header}
	if t.Body != "" {
		request.Body, request.ContentLength = strings.NewReader(t.Body), int64(len(t.Body))
		if header.Get("Content-Type") == "" && json.Valid([]byte(t.Body)) {
			header.Set("Content-Type", "application/json")
		}
	}
	begun := c.Now()
	response, err := c.Calls.Do(r.Context(), name, request)
	if err != nil {
		return Answer{Fault: page.Sentences(fault.As(err))}
	}
	defer response.Body.Close()
	return viewOf(response, begun, c.Now())
}

// headersOf reads lines as "Name: value".
func headersOf(text string) (http.Header, error) {
	header := make(http.Header)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(name) == "" {
			return nil, fault.New(api.CodeInvalid, "a header is not written as Name: value").WithHint("write one header a line, such as Accept: application/json")
		}
		header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return header, nil
}

// viewOf reads as much of an answer as a page shows.
func viewOf(response *http.Response, begun, now time.Time) Answer {
	view := Answer{Status: response.StatusCode, Title: http.StatusText(response.StatusCode), Took: now.Sub(begun).Round(time.Millisecond)}
	for name, values := range response.Header {
		for _, value := range values {
			view.Headers = append(view.Headers, headerLine{name, value})
		}
	}
	slices.SortFunc(view.Headers, func(a, b headerLine) int { return strings.Compare(a.Name, b.Name) })
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		view.Fault = "The answer broke off."
	}
	if view.Cut = len(body) > maxAnswer; view.Cut {
		body = body[:maxAnswer]
		for len(body) > 0 && !utf8.Valid(body[max(0, len(body)-utf8.UTFMax):]) && len(body) > maxAnswer-utf8.UTFMax {
			body = body[:len(body)-1]
		}
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	view.Body = shownBody(kind, body)
	return view
}

// shownBody is a body made readable: JSON indented and coloured, other text as
// it stands, anything else by its kind and size.
func shownBody(kind string, body []byte) []token {
	var indented bytes.Buffer
	switch {
	case len(body) == 0:
		return nil
	case json.Indent(&indented, body, "", "  ") == nil && indented.Len() <= 2*maxAnswer:
		return tokens(indented.String())
	case utf8.Valid(body):
		return []token{{Text: string(body)}}
	}
	if kind == "" {
		kind = "binary"
	}
	return []token{{Text: fmt.Sprintf("(%s, %d bytes)", kind, len(body))}}
}

// samples are the same call outside of the page. The key is a variable: no
// page holds one.
func (c *Console) samples(r *http.Request, name string, t tryIt) []sample {
	header, err := headersOf(t.Headers)
	if err != nil {
		header = nil
	}
	target := c.PublicURL + "/proxy/" + name + "/" + strings.TrimPrefix(t.Path, "/")
	curl := "curl -H \"Authorization: Bearer $VALETKEY_KEY\""
	valetkey := "valetkey call " + name
	if t.Method != http.MethodGet {
		curl += " -X " + t.Method
		valetkey += " " + t.Method
	}
	valetkey += " " + shell(t.Path)
	var goHeaders strings.Builder
	for _, key := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[key] {
			curl += " -H " + shell(key+": "+value)
			valetkey += " -H " + shell(key+": "+value)
			fmt.Fprintf(&goHeaders, "req.Header.Add(%q, %q)\n", key, value)
		}
	}
	body := "nil"
	if t.Body != "" {
		curl += " --data-binary " + shell(t.Body)
		valetkey += " -d " + shell(t.Body)
		body = fmt.Sprintf("strings.NewReader(%q)", t.Body)
	}
	base := ""
	if connection, err := c.Connections.Connection(r.Context(), name); err == nil {
		base = connection.BaseURL
	}
	code := fmt.Sprintf("vk, err := client.FromEnvironment()\nif err != nil {\n\treturn err\n}\nreq, err := http.NewRequestWithContext(ctx, %q, %q, %s)\nif err != nil {\n\treturn err\n}\n%sresp, err := vk.HTTPClient(%q).Do(req)\n",
		t.Method, strings.TrimSuffix(base, "/")+"/"+strings.TrimPrefix(t.Path, "/"), body, goHeaders.String(), name)
	return []sample{{"curl", curl + " " + shell(target)}, {"go", code}, {"valetkey", valetkey}}
}
