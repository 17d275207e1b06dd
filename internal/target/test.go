package target

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/answer"
	"github.com/valetkey/valetkey/internal/catalog"
)

// newTest fills in the test request; nil when there is none.
func newTest(settings api.CallSettings, vars map[string]string) (*Test, error) {
	asked := settings.Test
	if asked == nil {
		return nil, nil
	}
	t := &Test{Method: asked.Method, Header: make(map[string]string, len(asked.Headers)), Body: asked.Body, Rules: asked.OutcomeRules}
	if t.Method == "" {
		t.Method = http.MethodGet
		if t.Body != "" {
			t.Method = http.MethodPost
		}
	}
	if t.Rules.IsZero() {
		t.Rules = settings.OutcomeRules
	}
	escaped := make(map[string]string, len(vars))
	for name, value := range vars {
		escaped[name] = url.PathEscape(value)
	}
	var err error
	if t.Path, err = catalog.ExpandText(asked.Path, escaped); err != nil {
		return nil, err
	}
	query := make(url.Values, len(asked.Query))
	for name, template := range asked.Query {
		value, err := catalog.ExpandText(template, vars)
		if err != nil {
			return nil, err
		}
		query.Set(name, value)
	}
	t.RawQuery = query.Encode()
	for name, template := range asked.Headers {
		name = http.CanonicalHeaderKey(name)
		if t.Header[name], err = catalog.ExpandText(template, vars); err != nil {
			return nil, err
		}
	}
	if t.Body != "" && t.Header["Content-Type"] == "" {
		t.Header["Content-Type"] = bodyType(t.Body, settings.MediaType)
	}
	return t, nil
}

// bodyType is what a test's body is when nothing says it.
func bodyType(body, media string) string {
	switch {
	case media != "":
		return answer.MediaType(media)
	case strings.HasPrefix(strings.TrimSpace(body), "<"):
		return answer.MediaType(answer.XML)
	}
	return answer.MediaType(answer.JSON)
}
