package reference

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"reflect"
	"strings"

	"github.com/valetkey/valetkey/api"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS string

// Policy is the content security policy of the page: its own style, and nothing else.
func Policy() string {
	sum := sha256.Sum256([]byte(docsCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

type docGroup struct {
	Name       string
	Operations []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary, Description string
	Open                                   bool // needs no key
	Parameters                             []docField
	Body                                   string
	BodyFields                             []docField
	Answer                                 string
	AnswerFields                           []docField
	Curl                                   string
}

type docField struct{ Name, Type, Note string }

// Page is the reference: every operation, as the route table has it.
func Page(routes []Route) ([]byte, error) {
	page, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, err
	}
	var groups []docGroup
	for _, route := range routes {
		if len(groups) == 0 || groups[len(groups)-1].Name != route.Group {
			groups = append(groups, docGroup{Name: route.Group})
		}
		last := &groups[len(groups)-1]
		last.Operations = append(last.Operations, docOf(route))
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		CSS    template.CSS
		Groups []docGroup
	}{template.CSS(docsCSS), groups}) // our own embedded file
	return out.Bytes(), err
}

func docOf(route Route) docOperation {
	o := docOperation{
		ID:          route.ID(),
		Method:      route.Method,
		Path:        route.Path,
		Summary:     route.Summary,
		Description: route.Description,
		Open:        route.Open,
		Curl:        curl(route),
	}
	for _, match := range pathParameter.FindAllStringSubmatch(route.Path, -1) {
		o.Parameters = append(o.Parameters, docField{match[1], "text", "In the path."})
	}
	if q := route.Query; q != nil {
		for name, field := range Fields(reflect.TypeOf(q), "query") {
			o.Parameters = append(o.Parameters, docField{name, typeName(field.Type), "In the query. " + field.Tag.Get("description")})
		}
	}
	if route.Body != nil {
		o.Body, o.BodyFields = docType(route.Body)
	}
	if route.Answer != nil && reflect.TypeOf(route.Answer).Kind() == reflect.Struct {
		o.Answer, o.AnswerFields = docType(route.Answer)
	}
	return o
}

func docType(v any) (string, []docField) {
	t := reflect.TypeOf(v)
	var list []docField
	for name, field := range Fields(t, "json") {
		list = append(list, docField{Name: name, Type: typeName(field.Type)})
	}
	return t.Name(), list
}

// typeName says how a type is written in JSON.
func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[api.Duration]():
		return `time span, such as "40s"`
	case reflect.TypeFor[api.StringList]():
		return "text or list of text"
	case reflect.TypeFor[[]byte]():
		return "base64"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "object of " + typeName(t.Elem())
	case reflect.Struct:
		if t.Name() == "Time" {
			return "time (RFC 3339)"
		}
		return t.Name()
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	default:
		return "number"
	}
}

// curl is an example of a request for a person to copy.
func curl(route Route) string {
	path := strings.NewReplacer("{name}", "NAME", "{id}", "FLOW").Replace(route.Path)
	var out strings.Builder
	out.WriteString("curl")
	if route.Method != http.MethodGet {
		out.WriteString(" -X " + route.Method)
	}
	if !route.Open {
		out.WriteString(` -H "Authorization: Bearer $VALETKEY_KEY"`)
	}
	if example := exampleBody(route.Body); example != "" {
		kind := jsonType
		if route.MergePatch {
			kind, example = PatchType, `{"description":"for the night run"}`
		}
		out.WriteString(" \\\n  -H 'Content-Type: " + kind + "' -d '" + example + "'")
	}
	out.WriteString(" \\\n  \"$VALETKEY_URL" + path + `"`)
	return out.String()
}

func exampleBody(body any) string {
	switch body.(type) {
	case api.Provider:
		return `{"authorization_endpoint":"https://login.example.com/authorize","token_endpoint":"https://login.example.com/token"}`
	case api.ClientSpec:
		return `{"provider":"github","client_id":"6731de76","client_secret":"…"}`
	case api.ConnectionSpec:
		return `{"client":"my-app","scopes":["read"]}`
	case api.AuthorizeRequest:
		return `{"prompt":"consent"}`
	case api.CallRequest:
		return `{"path":"/me"}`
	case api.KeySpec:
		return `{"name":"night-run","role":"proxy","connections":["mail"]}`
	default:
		return ""
	}
}
