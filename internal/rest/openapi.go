package rest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"github.com/valetkey/valetkey/api"
)

const (
	jsonType    = "application/json"
	patchType   = "application/merge-patch+json"
	problemType = "application/problem+json"
)

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// document makes the OpenAPI 3.1 document out of the route table.
func document(routes []route, version api.Version) ([]byte, error) {
	reflector := openapi31.NewReflector()
	describeTypes(reflector)
	spec := reflector.SpecEns()
	spec.Info.WithTitle("Valetkey").WithVersion(cmp.Or(version.Version, "dev")).
		WithDescription("A self-hosted OAuth 2.0 connection broker. Errors are problem documents (RFC 9457) with a stable code.")
	spec.SetHTTPBearerTokenSecurity("key", "vk_…", "A key of a caller. X-Valetkey-Key carries it as well.")
	for _, route := range routes {
		if err := describe(reflector, route); err != nil {
			return nil, err
		}
	}
	return json.MarshalIndent(spec, "", "  ")
}

// describeTypes tells of the types that JSON shows otherwise than Go does.
func describeTypes(reflector *openapi31.Reflector) {
	reflector.AddTypeMapping(api.Duration(0), "")
	reflector.AddTypeMapping(api.StringList{}, []string{})
	enums := map[reflect.Type][]any{
		reflect.TypeFor[api.Role]():       {api.RoleOperator, api.RoleCaller, api.RoleProxy, api.RoleViewer},
		reflect.TypeFor[api.FlowStatus](): {api.FlowPending, api.FlowDone, api.FlowFailed},
		reflect.TypeFor[api.State]():      nil,
	}
	for _, state := range states() {
		enums[reflect.TypeFor[api.State]()] = append(enums[reflect.TypeFor[api.State]()], state)
	}
	reflector.DefaultOptions = append(reflector.DefaultOptions,
		jsonschema.InterceptSchema(func(p jsonschema.InterceptSchemaParams) (bool, error) {
			if values, ok := enums[p.Value.Type()]; ok && !p.Processed {
				p.Schema.Enum = values
			}
			return false, nil
		}),
		jsonschema.InterceptDefName(func(t reflect.Type, _ string) string {
			return strings.ToUpper(t.Name()[:1]) + t.Name()[1:] // without the package's name before it
		}))
}

func describe(reflector *openapi31.Reflector, route route) error {
	oc, err := reflector.NewOperationContext(route.method(), route.path())
	if err != nil {
		return err
	}
	oc.SetID(operationID(route))
	oc.SetTags(route.op.group)
	oc.SetSummary(route.op.summary)
	if route.op.description != "" {
		oc.SetDescription(route.op.description)
	}
	if route.right != nil {
		oc.AddSecurity("key")
	}
	describeRequest(oc, route)
	describeAnswers(oc, route)
	return reflector.AddOperation(oc)
}

func describeRequest(oc openapi.OperationContext, route route) {
	if parameters := pathStruct(route.path()); parameters != nil {
		oc.AddReqStructure(parameters)
	}
	if route.op.queryType != nil {
		oc.AddReqStructure(route.op.queryType)
	}
	if route.op.body == nil {
		return
	}
	oc.AddReqStructure(route.op.body, func(unit *openapi.ContentUnit) {
		unit.Customize = func(content openapi.ContentOrReference) {
			body, ok := content.(*openapi31.RequestBodyOrReference)
			if !ok || body.RequestBody == nil {
				return
			}
			body.RequestBody.WithRequired(!route.op.bodyOptional)
			if media, ok := body.RequestBody.Content[jsonType]; ok && route.op.mergePatch {
				delete(body.RequestBody.Content, jsonType)
				body.RequestBody.Content[patchType] = media
			}
		}
	})
}

func describeAnswers(oc openapi.OperationContext, route route) {
	switch {
	case route.op.page:
		oc.AddRespStructure(nil, openapi.WithContentType("text/html"), openapi.WithHTTPStatus(http.StatusOK))
	case route.op.bare:
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusOK))
	case route.op.answer == nil:
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusNoContent))
	case route.method() == http.MethodPost && route.op.created:
		oc.AddRespStructure(route.op.answer, openapi.WithHTTPStatus(http.StatusCreated))
	default:
		oc.AddRespStructure(route.op.answer, openapi.WithHTTPStatus(http.StatusOK))
		if route.op.created {
			oc.AddRespStructure(route.op.answer, openapi.WithHTTPStatus(http.StatusCreated))
		}
	}
	oc.AddRespStructure(api.Problem{}, openapi.WithContentType(problemType), func(unit *openapi.ContentUnit) {
		unit.IsDefault = true
		unit.Description = "What went wrong, and what to do."
	})
}

// pathStruct is a struct with a field for each parameter of a path, which is
// how the reflector takes them. nil: there is none.
func pathStruct(path string) any {
	var parameters []reflect.StructField
	for _, match := range pathParameter.FindAllStringSubmatch(path, -1) {
		parameters = append(parameters, reflect.StructField{
			Name: strings.ToUpper(match[1][:1]) + match[1][1:],
			Type: reflect.TypeFor[string](),
			Tag:  reflect.StructTag(`path:"` + match[1] + `" required:"true"`),
		})
	}
	if parameters == nil {
		return nil
	}
	return reflect.New(reflect.StructOf(parameters)).Interface()
}

// operationID is the summary as one word: listConnections for "List connections".
func operationID(route route) string {
	words := strings.FieldsFunc(route.op.summary, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') })
	for i, word := range words {
		word = strings.ToLower(word)
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		words[i] = word
	}
	return strings.Join(words, "")
}
