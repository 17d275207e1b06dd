package operation

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// Set is what a connection can run, and what its templates are filled in with.
type Set struct {
	Connection string
	Operations map[string]api.Operation
	Variables  map[string]string // values in force
	BaseURL    string            // where relative addresses of next pages lie
}

// Merge lays a connection's operations over its provider's.
func Merge(provider, connection map[string]api.Operation) map[string]api.Operation {
	merged := make(map[string]api.Operation, len(provider)+len(connection))
	maps.Copy(merged, provider)
	maps.Copy(merged, connection)
	return merged
}

// Find returns an operation. The error has [api.CodeNotFound] and the nearest name.
func (s Set) Find(name string) (api.Operation, error) {
	op, known := s.Operations[name]
	if known {
		return op, nil
	}
	if len(s.Operations) == 0 {
		return op, fault.New(api.CodeNotFound, "the connection %s has no operations", s.Connection).
			WithHint("describe some under operations of its provider or of the connection, or use valetkey call %s PATH", s.Connection)
	}
	message := ""
	if near := strictyaml.Nearest(name, slices.Sorted(maps.Keys(s.Operations))); near != "" {
		message = "; did you mean " + near + "?"
	}
	return op, fault.New(api.CodeNotFound, "the connection %s has no operation %s%s", s.Connection, name, message).
		WithHint("valetkey operations %s lists them", s.Connection)
}

// Method is the HTTP method of an operation (RFC 9110 section 9).
func Method(op api.Operation) string {
	if op.Method != "" {
		return op.Method
	}
	if op.Body != nil {
		return http.MethodPost
	}
	for _, p := range op.Parameters {
		if p.In == api.ParameterInBody {
			return http.MethodPost
		}
	}
	return http.MethodGet
}

// TypeOf says in words what a parameter takes.
func TypeOf(p api.OperationParameter) string {
	if len(p.Enum) > 0 {
		return strings.Join(p.Enum, "|")
	}
	return cmp.Or(p.Type, api.TypeString)
}

// Needs says whether a caller must give a parameter.
func Needs(op api.Operation, key string) bool {
	p := op.Parameters[key]
	return p.Default == nil && (p.Required || inPath(op, key))
}

// DefaultOf is a parameter's default as text; nothing when there is none.
func DefaultOf(p api.OperationParameter) string {
	if p.Default == nil {
		return ""
	}
	return flat(p, p.Default)
}
