package rest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type openAPIDocument struct {
	OpenAPI string `json:"openapi"`
	Info    struct{ Version string }
	Paths   map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Security    []map[string][]string
		Parameters  []struct{ Name, In string }
		RequestBody *struct {
			Required bool
			Content  map[string]any
		} `json:"requestBody"`
		Responses map[string]struct{ Content map[string]any }
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]map[string]any
			Enum       []string
		}
		SecuritySchemes map[string]map[string]any
	}
}

func fetchDocument(t *testing.T, s *server) openAPIDocument {
	t.Helper()
	var document openAPIDocument
	s.send("", "GET", "/openapi.json", "").into(t, 200, &document)
	return document
}

func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	s := newTestServer(t)
	document := fetchDocument(t, s)
	if document.OpenAPI != "3.1.0" || document.Info.Version != "1.2.3" {
		t.Errorf("openapi %q of version %q", document.OpenAPI, document.Info.Version)
	}
	var described []string
	for path, methods := range document.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	var routes []string
	for _, route := range newServer(s.config).routes {
		routes = append(routes, route.pattern)
	}
	slices.Sort(described)
	slices.Sort(routes)
	if !slices.Equal(described, routes) {
		t.Errorf("described %q\nroutes %q", described, routes)
	}
}

func TestTheDocumentSaysWhatEachRouteTakesAndAnswers(t *testing.T) {
	s := newTestServer(t)
	document := fetchDocument(t, s)
	seen := map[string]bool{}
	for _, route := range newServer(s.config).routes {
		got := document.Paths[route.path()][strings.ToLower(route.method())]
		if got.OperationID == "" || seen[got.OperationID] {
			t.Errorf("%s: operationId %q is missing or used twice", route.pattern, got.OperationID)
		}
		seen[got.OperationID] = true
		if (len(got.Security) > 0) != (route.right != nil) {
			t.Errorf("%s: security %v", route.pattern, got.Security)
		}
		if (got.RequestBody != nil) != (route.op.body != nil) {
			t.Errorf("%s: request body %v", route.pattern, got.RequestBody)
		}
		if route.op.mergePatch && got.RequestBody.Content["application/merge-patch+json"] == nil {
			t.Errorf("%s: content %v", route.pattern, got.RequestBody.Content)
		}
		var want, have []string
		for _, match := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(route.path(), -1) {
			want = append(want, "path "+match[1])
		}
		for _, name := range queryNames(route.op.queryType) {
			want = append(want, "query "+name)
		}
		for _, p := range got.Parameters {
			have = append(have, p.In+" "+p.Name)
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			t.Errorf("%s: parameters %q, want %q", route.pattern, have, want)
		}
		if got.Responses["default"].Content["application/problem+json"] == nil {
			t.Errorf("%s: no problem among %v", route.pattern, got.Responses)
		}
	}
}

func TestTheDocumentShowsTypesAsTheyAreInJSON(t *testing.T) {
	schemas := fetchDocument(t, newTestServer(t)).Components.Schemas
	for _, tt := range []struct{ schema, property, key, want string }{
		{"CallSettings", "timeout", "type", `"string"`},
		{"KeySpec", "connections", "type", `"array"`},
		{"ConnectionSpec", "client", "type", `"string"`},
		{"Problem", "status", "type", `"integer"`},
	} {
		got, err := json.Marshal(schemas[tt.schema].Properties[tt.property][tt.key])
		if err != nil || string(got) != tt.want {
			t.Errorf("%s.%s: %s is %s, want %s", tt.schema, tt.property, tt.key, got, tt.want)
		}
	}
	for name := range schemas {
		if strings.HasPrefix(name, "Api") || strings.HasPrefix(name, "Rest") {
			t.Errorf("the schema %s has its package's name", name)
		}
	}
	if enum := schemas["State"].Enum; len(enum) != 7 {
		t.Errorf("the states are %v", enum)
	}
	if _, ok := schemas["Connection"].Properties["generation"]; !ok {
		t.Errorf("Connection lacks what it embeds: %v", schemas["Connection"].Properties)
	}
}

func TestTheReferenceListsEveryOperationAndLoadsNothing(t *testing.T) {
	s := newTestServer(t)
	reply := s.send("", "GET", "/docs", "")
	reply.into(t, 200, nil)
	for _, route := range newServer(s.config).routes {
		if !strings.Contains(reply.body, `id="`+route.described().ID()+`"`) || !strings.Contains(reply.body, "<code>"+route.path()+"</code>") {
			t.Errorf("%s is not in the reference", route.pattern)
		}
	}
	if strings.Contains(reply.body, "<script") || regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).MatchString(reply.body) {
		t.Error("the page runs a script or loads from elsewhere")
	}
	csp := reply.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "style-src 'sha256-") {
		t.Errorf("policy %q", csp)
	}
}
