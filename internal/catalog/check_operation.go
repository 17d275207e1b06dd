package catalog

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// operationName is what an operation may be called: it stands in a URL and on
// a command line.
var operationName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// CheckOperations says what is wrong with a connection's own operations, as
// one error with [api.CodeInvalid]. The variables are its provider's.
func CheckOperations(operations map[string]api.Operation, variables map[string]api.Variable) error {
	c := checker{provider: api.Provider{Operations: operations, Variables: variables}, used: make(map[string]bool)}
	c.operations()
	for _, name := range slices.Sorted(maps.Keys(c.used)) {
		if _, declared := variables[name]; !declared {
			c.wrong("operations", "{%s} is neither a parameter nor a variable of the provider", name)
		}
	}
	if len(c.found) == 0 {
		return nil
	}
	lines := make([]string, len(c.found))
	for i, f := range c.found {
		lines[i] = f.String()
	}
	return fault.New(api.CodeInvalid, "%s", strings.Join(lines, "; ")).WithHint("docs/operations.md has every key")
}

// operations checks the named requests of the API.
func (c *checker) operations() {
	operations := c.provider.Operations
	if len(operations) > 0 && c.provider.API != nil && c.provider.API.BaseURL == "" {
		c.wrong("operations", "they stand under api.base_url, which is missing")
	}
	for _, name := range slices.Sorted(maps.Keys(operations)) {
		o := operationCheck{checker: c, op: operations[name], path: []string{"operations", name}}
		o.check(name)
	}
	c.builtIn = nil
}

// operationCheck is the check of one operation.
type operationCheck struct {
	*checker
	op   api.Operation
	path []string
}

func (o *operationCheck) at(message string, below ...string) {
	o.checker.at(slices.Concat(o.path, below), "%s", message)
}

func (o *operationCheck) check(name string) {
	if !operationName.MatchString(name) {
		o.at("its name must be up to 128 letters, digits, dots, dashes and underscores, beginning with a letter or digit")
	}
	if m := o.op.Method; m != "" && (!httpguts.ValidHeaderFieldName(m) || m != strings.ToUpper(m) || m == http.MethodConnect) {
		o.at("it is not a method such as GET, POST, PUT, PATCH or DELETE", "method")
	}
	o.builtIn = slices.Collect(maps.Keys(o.op.Parameters))
	o.template(o.op.Path, "path")
	for _, header := range slices.Sorted(maps.Keys(o.op.Headers)) {
		if !httpguts.ValidHeaderFieldName(header) || !httpguts.ValidHeaderFieldValue(o.op.Headers[header]) {
			o.at("it cannot be a header", "headers", header)
		}
		o.note(o.op.Headers[header])
	}
	for _, key := range slices.Sorted(maps.Keys(o.op.Parameters)) {
		o.parameter(key, o.op.Parameters[key])
	}
	if o.op.Body != nil {
		o.texts(o.op.Body.Template)
	}
	o.pages()
	if p := o.op.Items; p != "" && strings.ContainsAny(p, "$[]*") {
		o.at("it is a JSON pointer such as /value, not a JSON path", "items")
	}
}

// template checks the path: under the base URL, and with braces that mean something.
func (o *operationCheck) template(path, key string) {
	switch {
	case path == "":
		o.at("it is missing", key)
		return
	case strings.Contains(path, "://") || strings.HasPrefix(path, "//"):
		o.at("it stands under the base URL: leave scheme and host out", key)
		return
	case strings.Contains(path, "#"):
		o.at("it has a #, which is never sent", key)
	}
	text, err := Expand("https://x.example/"+strings.TrimPrefix(path, "/"), o.note(path))
	if err != nil {
		o.at(fault.As(err).Message, key)
	} else if strings.ContainsAny(text, "{}") {
		o.at("it has a brace that is no {parameter}: names are letters, digits and underscores", key)
	}
}

func (o *operationCheck) parameter(key string, p api.OperationParameter) {
	for _, choice := range []struct {
		key, value string
		allowed    []string
	}{
		{"in", p.In, []string{api.ParameterInPath, api.ParameterInQuery, api.ParameterInHeader, api.ParameterInBody, api.ParameterInTemplate}},
		{"type", p.Type, []string{api.TypeString, api.TypeInteger, api.TypeNumber, api.TypeBoolean, api.TypeArray, api.TypeObject}},
		{"style", p.Style, []string{api.StyleRepeat, api.StyleComma, api.StyleSpace, api.StylePipe}},
	} {
		if choice.value != "" && !slices.Contains(choice.allowed, choice.value) {
			o.at("it is not one of "+strings.Join(choice.allowed, ", "), "parameters", key, choice.key)
		}
	}
	if p.In == api.ParameterInPath && !slices.Contains(Variables(o.op.Path), key) {
		o.at("the path does not name it: write {"+key+"} there", "parameters", key, "in")
	}
	name := p.Name
	if name == "" {
		name = key
	}
	if p.In == api.ParameterInHeader && !httpguts.ValidHeaderFieldName(name) {
		o.at("it cannot be a header", "parameters", key)
	}
}

// texts notes the variables of a body's template.
func (o *operationCheck) texts(template any) {
	switch t := template.(type) {
	case string:
		o.note(t)
	case map[string]any:
		for _, item := range t {
			o.texts(item)
		}
	case []any:
		for _, item := range t {
			o.texts(item)
		}
	}
}

func (o *operationCheck) pages() {
	p := o.op.Pagination
	if p == nil {
		return
	}
	pointer := p.By == api.PagesByURL || p.By == api.PagesByCursor
	named := p.By == api.PagesByCursor || p.By == api.PagesByOffset || p.By == api.PagesByPage
	kinds := []string{"", api.PagesByLink, api.PagesByURL, api.PagesByCursor, api.PagesByOffset, api.PagesByPage, api.PagesNone}
	switch {
	case !slices.Contains(kinds, p.By):
		o.at("it is not one of link, url, cursor, offset, page, none", "pagination", "by")
	case pointer && p.Next == "":
		o.at("it is missing: the JSON pointer to the next page's address or cursor", "pagination", "next")
	case named && p.Parameter == "":
		o.at("it is missing: the parameter that says which page", "pagination", "parameter")
	case p.Size < 0:
		o.at("it cannot be negative", "pagination", "size")
	case p.Size > 0 && p.SizeParameter == "" && !named:
		o.at("it is missing: the parameter that says how long a page is", "pagination", "size_parameter")
	}
}
