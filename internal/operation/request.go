package operation

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// Request is one request of an operation, ready to be sent.
type Request struct {
	Method string
	Path   string // encoded, under the base URL, with its query; or a whole address
	Header http.Header
	Body   []byte // nil: none
}

// stand is an address that path templates are filled in under; it is cut off again.
const stand = "https://x.example"

// request fills an operation in with the values of its parameters. extra is
// what asks for a page.
func (r *Run) request(extra map[string]string) (Request, error) {
	query := r.turn(extra)
	vars := r.texts()
	path, err := r.path(vars)
	if err != nil {
		return Request{}, err
	}
	out := Request{Method: Method(r.op), Header: http.Header{}}
	for key, value := range r.values {
		p := r.op.Parameters[key]
		switch place(r.op, key) {
		case api.ParameterInQuery:
			if name := wireName(p, key); !query.Has(name) {
				addQuery(query, name, p, value)
			}
		case api.ParameterInHeader:
			out.Header.Set(wireName(p, key), flat(p, value))
		}
	}
	out.Path = withQuery(path, query)
	for name, template := range r.op.Headers {
		value, err := catalog.ExpandText(template, vars)
		if err != nil {
			return Request{}, err
		}
		out.Header.Set(name, value)
	}
	if out.Header.Get("Accept") == "" {
		out.Header.Set("Accept", "application/json, */*;q=0.5")
	}
	mediaType := ""
	if out.Body, mediaType, err = r.body(vars); err != nil {
		return Request{}, err
	}
	if out.Body != nil && out.Header.Get("Content-Type") == "" {
		out.Header.Set("Content-Type", mediaType)
	}
	return out, nil
}

// turn puts what asks for a page where the operation has it: into a parameter
// of that name, or else into the query.
func (r *Run) turn(extra map[string]string) url.Values {
	query := url.Values{}
	for name, value := range extra {
		elsewhere := false
		for key, p := range r.op.Parameters {
			if wireName(p, key) != name || place(r.op, key) == api.ParameterInQuery {
				continue
			}
			if now, wrong := typed(p, value); wrong == "" {
				r.values[key], elsewhere = now, true
			}
		}
		if !elsewhere {
			query.Set(name, value)
		}
	}
	return query
}

// texts are the variables, and over them the parameters as text.
func (r *Run) texts() map[string]string {
	vars := make(map[string]string, len(r.set.Variables)+len(r.values))
	for name, value := range r.set.Variables {
		vars[name] = value
	}
	for name := range r.op.Parameters {
		delete(vars, name) // a parameter that was not given is not the variable
		if value, given := r.values[name]; given {
			vars[name] = flat(r.op.Parameters[name], value)
		}
	}
	return vars
}

// reference is a {name} of a path, with the quotes that may stand around it.
var reference = regexp.MustCompile(`'?\{([A-Za-z_][A-Za-z0-9_]*)\}'?`)

// path fills in the path template.
func (r *Run) path(vars map[string]string) (string, error) {
	local := make(map[string]string, len(vars))
	for name, value := range vars {
		local[name] = value
	}
	query := strings.IndexByte(r.op.Path, '?')
	template := []byte{}
	rest := 0
	for _, m := range reference.FindAllStringSubmatchIndex(r.op.Path, -1) {
		template = append(template, r.op.Path[rest:m[0]]...)
		rest = m[1]
		whole, name := r.op.Path[m[0]:m[1]], r.op.Path[m[2]:m[3]]
		p, isParameter := r.op.Parameters[name]
		switch {
		case !isParameter:
		case len(whole) > len(name)+3 && whole[0] == '\'':
			// In a quoted literal of OData a quote is doubled (OData 4.01 URL conventions, section 5.1.1.6.1).
			local[name] = strings.ReplaceAll(vars[name], "'", "''")
		case p.Segments && (query < 0 || m[0] < query):
			local[name] = escapeSegments(vars[name])
			whole = strings.Replace(whole, "}", "|raw}", 1)
		}
		template = append(template, whole...)
	}
	template = append(template, r.op.Path[rest:]...)
	if len(template) == 0 || template[0] != '/' {
		template = append([]byte("/"), template...)
	}
	address, err := catalog.Expand(stand+string(template), local)
	if err != nil {
		f := fault.As(err)
		return "", fault.New(api.CodeInvalid, "the path of the operation %s cannot be filled in: %s", r.name, strings.ReplaceAll(f.Message, "variable", "value")).
			WithHint("give it as --param NAME=VALUE")
	}
	return strings.ReplaceAll(strings.TrimPrefix(address, stand), " ", "%20"), nil
}

// escapeSegments escapes a path of several segments, whose slashes stay.
func escapeSegments(path string) string {
	steps := strings.Split(strings.Trim(path, "/"), "/")
	for i := range steps {
		if steps[i] != "." && steps[i] != ".." { // those are refused when they are filled in
			steps[i] = url.PathEscape(steps[i])
		}
	}
	return strings.Join(steps, "/")
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	path, own, _ := strings.Cut(path, "?")
	if own != "" {
		own += "&"
	}
	return path + "?" + own + query.Encode()
}

func addQuery(query url.Values, name string, p api.OperationParameter, value any) {
	items, isList := value.([]any)
	if !isList || p.Style != "" && p.Style != api.StyleRepeat {
		query.Add(name, flat(p, value))
		return
	}
	for _, item := range items {
		query.Add(name, flat(p, item))
	}
}

func wireName(p api.OperationParameter, key string) string {
	if p.Name != "" {
		return p.Name
	}
	return key
}

// place is where a parameter goes.
func place(op api.Operation, key string) string {
	switch in := op.Parameters[key].In; {
	case in != "":
		return in
	case inPath(op, key):
		return api.ParameterInPath
	default:
		return api.ParameterInQuery
	}
}

// inPath says whether the path template names a parameter.
func inPath(op api.Operation, key string) bool {
	return slices.Contains(catalog.Variables(op.Path), key)
}
