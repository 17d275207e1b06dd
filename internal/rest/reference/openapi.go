package reference

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
	problemType = "application/problem+json"
)

// PatchType is the media type of a merge patch (RFC 7396).
const PatchType = "application/merge-patch+json"

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// Document makes the OpenAPI 3.1 document out of the route table.
func Document(routes []Route, version api.Version, states []api.State) ([]byte, error) {
	reflector := openapi31.NewReflector()
	describeTypes(reflector, states)
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
func describeTypes(reflector *openapi31.Reflector, states []api.State) {
	reflector.AddTypeMapping(api.Duration(0), "")
	reflector.AddTypeMapping(api.StringList{}, []string{})
	enums := map[reflect.Type][]any{
		reflect.TypeFor[api.Role]():       {api.RoleOperator, api.RoleCaller, api.RoleProxy, api.RoleViewer},
		reflect.TypeFor[api.FlowStatus](): {api.FlowPending, api.FlowDone, api.FlowFailed},
		reflect.TypeFor[api.State]():      nil,
	}
	for _, state := range states {
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

func describe(reflector *openapi31.Reflector, route Route) error {
	oc, err := reflector.NewOperationContext(route.Method, route.Path)
	if err != nil {
		return err
	}
	oc.SetID(route.ID())
	oc.SetTags(route.Group)
	oc.SetSummary(route.Summary)
	if route.Description != "" {
		oc.SetDescription(route.Description)
	}
	if !route.Open {
		oc.AddSecurity("key")
	}
	describeRequest(oc, route)
	describeAnswers(oc, route)
	return reflector.AddOperation(oc)
}

func describeRequest(oc openapi.OperationContext, route Route) {
	if parameters := pathStruct(route.Path); parameters != nil {
		oc.AddReqStructure(parameters)
	}
	if route.Query != nil {
		oc.AddReqStructure(route.Query)
	}
	if route.Body == nil {
		return
	}
	oc.AddReqStructure(route.Body, func(unit *openapi.ContentUnit) {
		unit.Customize = func(content openapi.ContentOrReference) {
			body, ok := content.(*openapi31.RequestBodyOrReference)
			if !ok || body.RequestBody == nil {
				return
			}
			body.RequestBody.WithRequired(!route.BodyOptional)
			if media, ok := body.RequestBody.Content[jsonType]; ok && route.MergePatch {
				delete(body.RequestBody.Content, jsonType)
				body.RequestBody.Content[PatchType] = media
			}
		}
	})
}

func describeAnswers(oc openapi.OperationContext, route Route) {
	switch {
	case route.Page:
		oc.AddRespStructure(nil, openapi.WithContentType("text/html"), openapi.WithHTTPStatus(http.StatusOK))
	case route.Bare:
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusOK))
	case route.Answer == nil:
		oc.AddRespStructure(nil, openapi.WithHTTPStatus(http.StatusNoContent))
	case route.Method == http.MethodPost && route.Created:
		oc.AddRespStructure(route.Answer, openapi.WithHTTPStatus(http.StatusCreated))
	default:
		oc.AddRespStructure(route.Answer, openapi.WithHTTPStatus(http.StatusOK))
		if route.Created {
			oc.AddRespStructure(route.Answer, openapi.WithHTTPStatus(http.StatusCreated))
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
