package rest

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/rest/reference"
)

// handler serves a request that was found allowed. What it returns becomes a problem.
type handler func(w http.ResponseWriter, r *http.Request) error

// right decides whether a caller may use a route.
type right func(p access.Principal, r *http.Request) error

type route struct {
	pattern string
	right   right // nil: for anyone, without a key
	handle  handler
	op      operation
}

func (r route) method() string { method, _, _ := strings.Cut(r.pattern, " "); return method }

func (r route) path() string { _, path, _ := strings.Cut(r.pattern, " "); return path }

// operation describes a route for the OpenAPI document and its page.
type operation struct {
	group, summary, description string
	queryType                   any // struct with query tags
	body                        any // as it is read from JSON
	bodyOptional                bool
	bodyLimit                   int64 // bytes; 0: maxBody
	mergePatch                  bool
	answer                      any // as it is written; nil: no body
	created                     bool
	page                        bool
	bare                        bool // 200 without a body: its header is the answer
}

func op(group, summary, description string) operation {
	return operation{group: group, summary: summary, description: description}
}

func (o operation) query(q any) operation    { o.queryType = q; return o }
func (o operation) in(body any) operation    { o.body = body; return o }
func (o operation) optional(b any) operation { o.body, o.bodyOptional = b, true; return o }
func (o operation) patch(body any) operation { o.body, o.mergePatch = body, true; return o }
func (o operation) limit(n int64) operation  { o.bodyLimit = n; return o }
func (o operation) out(answer any) operation { o.answer = answer; return o }
func (o operation) creates() operation       { o.created = true; return o }
func (o operation) html() operation          { o.page = true; return o }
func (o operation) header() operation        { o.bare = true; return o }

// The patterns of what stands in paths. A flow's id is base64url.
var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	flowPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
)

// serve puts the checks that every route has before its handler.
func (s *Server) serve(route route) http.Handler {
	known := queryNames(route.op.queryType)
	limit := route.op.bodyLimit
	if limit == 0 {
		limit = maxBody
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.admit(route.right, r)
		if err == nil {
			err = checkInput(r, known)
		}
		if err == nil {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
			err = route.handle(w, r)
		}
		s.note(route, r, err)
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// admit finds out who is calling and whether that caller may. The caller is
// then known to the handler.
func (s *Server) admit(right right, r *http.Request) error {
	if right == nil {
		return nil
	}
	p, err := s.caller(r)
	if err != nil {
		return err
	}
	*r = *r.WithContext(withCaller(r.Context(), p))
	return right(p, r)
}

// checkInput refuses names that cannot exist and query parameters that would
// silently do nothing.
func checkInput(r *http.Request, known []string) error {
	if name := r.PathValue("name"); name != "" && !namePattern.MatchString(name) {
		return badName(name)
	}
	if id := r.PathValue("id"); id != "" && !flowPattern.MatchString(id) {
		return badName(id)
	}
	for name, values := range r.URL.Query() {
		if !contains(known, name) {
			return unknownName("query parameter", clip(name), name, known)
		}
		if len(values) > 1 {
			return fault.New(api.CodeInvalid, "the query parameter %s is given more than once", name)
		}
	}
	return nil
}

func badName(name string) error {
	return fault.New(api.CodeInvalid, "%q cannot be a name", clip(name)).
		WithHint("use up to 128 letters, digits, dots, dashes and underscores, beginning with a letter or digit")
}

// queryNames are the query parameters that a struct's tags name.
func queryNames(query any) []string {
	if query == nil {
		return nil
	}
	var names []string
	for field := range reference.Fields(reflect.TypeOf(query), "query") {
		names = append(names, field)
	}
	return names
}
