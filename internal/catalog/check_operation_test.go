package catalog_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestEachMistakeInAnOperationIsNamedWithItsLine(t *testing.T) {
	const before = "token_endpoint: https://a.example/t\napi: {base_url: https://a.example}\noperations:\n"
	for name, test := range map[string]struct{ text, want string }{
		"name":              {"  a/b: {path: /x}\n", "p.yaml:4:3: operations.a/b: its name must be"},
		"no path":           {"  a: {title: A}\n", "operations.a.path: it is missing"},
		"a whole address":   {"  a: {path: https://b.example/x}\n", "p.yaml:4:7: operations.a.path: it stands under the base URL"},
		"another host":      {"  a: {path: //b.example/x}\n", "operations.a.path: it stands under the base URL"},
		"a fragment":        {"  a: {path: '/x#y'}\n", "operations.a.path: it has a #"},
		"unknown parameter": {"  a: {path: '/x/{id}'}\n", "variables: {id} is used and not declared"},
		"stray brace":       {"  a: {path: '/x/{user-id}'}\n", "operations.a.path: it has a brace that is no {parameter}"},
		"method":            {"  a: {path: /x, method: get}\n", "operations.a.method: it is not a method"},
		"two words":         {"  a: {path: /x, method: GET IT}\n", "operations.a.method: it is not a method"},
		"header":            {"  a: {path: /x, headers: {'X Y': z}}\n", "operations.a.headers.X Y: it cannot be a header"},
		"header parameter":  {"  a: {path: /x, parameters: {b: {in: header, name: 'X Y'}}}\n", "operations.a.parameters.b: it cannot be a header"},
		"place":             {"  a: {path: /x, parameters: {b: {in: cookie}}}\n", "operations.a.parameters.b.in: it is not one of path, query, header, body, template"},
		"not in the path":   {"  a: {path: /x, parameters: {b: {in: path}}}\n", "operations.a.parameters.b.in: the path does not name it"},
		"type":              {"  a: {path: /x, parameters: {b: {type: int}}}\n", "operations.a.parameters.b.type: it is not one of string, integer"},
		"style":             {"  a: {path: /x, parameters: {b: {style: deep}}}\n", "operations.a.parameters.b.style: it is not one of repeat"},
		"body":              {"  a: {path: /x, body: {template: {c: ['{d}']}}}\n", "variables: {d} is used and not declared"},
		"pages":             {"  a: {path: /x, pagination: {by: magic}}\n", "operations.a.pagination.by: it is not one of link, url"},
		"cursor, no next":   {"  a: {path: /x, pagination: {by: cursor, parameter: c}}\n", "operations.a.pagination.next: it is missing"},
		"cursor, no name":   {"  a: {path: /x, pagination: {by: cursor, next: /c}}\n", "operations.a.pagination.parameter: it is missing"},
		"offset, no name":   {"  a: {path: /x, pagination: {by: offset}}\n", "operations.a.pagination.parameter: it is missing"},
		"size":              {"  a: {path: /x, pagination: {size: -1}}\n", "operations.a.pagination.size: it cannot be negative"},
		"size for nobody":   {"  a: {path: /x, pagination: {size: 5}}\n", "operations.a.pagination.size_parameter: it is missing"},
		"a JSON path":       {"  a: {path: /x, items: '$.value[*]'}\n", "operations.a.items: it is a JSON pointer"},
		"a key of its own":  {"  a: {path: /x, parametres: {}}\n", "did you mean parameters?"},
	} {
		_, err := catalog.ParseProvider("p.yaml", []byte(before+test.text))
		if err == nil || !strings.Contains(fault.As(err).Message, test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestAnOperationMayUseTheVariablesOfItsProvider(t *testing.T) {
	text := "token_endpoint: https://a.example/t\nvariables: {company: {}}\napi: {base_url: https://a.example}\n" +
		"operations: {a: {path: '/c/{company}/x/{id}', parameters: {id: {}}, headers: {X-C: '{company}'}, body: {template: '{id}'}}}\n"
	if _, err := catalog.ParseProvider("p.yaml", []byte(text)); err != nil {
		t.Error(err)
	}
}

func TestTheOperationsOfAConnectionAreHeldToItsProvidersVariables(t *testing.T) {
	operations := map[string]api.Operation{"a": {Path: "/c/{company}"}}
	if err := catalog.CheckOperations(operations, map[string]api.Variable{"company": {}, "unused": {}}); err != nil {
		t.Error(err)
	}
	if err := catalog.CheckOperations(operations, nil); !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), "{company} is neither a parameter nor a variable") {
		t.Error(err)
	}
	if err := catalog.CheckOperations(nil, nil); err != nil {
		t.Error(err)
	}
}
