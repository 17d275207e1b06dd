package quirk

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	maxAnswer = 1 << 20 // of a look-up, in bytes
	maxListed = 20      // choices that a cause lists
)

// lookUp asks the API for a variable with the new token and takes the one
// value there is, the first, or none when a person must choose.
func (x Exchange) lookUp(ctx context.Context, a Arrival, name string, captured map[string]string) (string, *api.Cause) {
	v := a.Provider.Provider.Variables[name]
	again := "valetkey refresh " + a.Connection + " tries again; valetkey connect " + a.Connection + " --choose " + name + "=VALUE sets it by hand"
	body, err := x.fetch(ctx, a, *v.Request, captured)
	if err != nil {
		return "", problem(err, again)
	}
	choices, err := catalog.Choices(name, v, body)
	if err != nil {
		return "", problem(err, again)
	}
	shown := v.Label
	if shown == "" {
		shown = name
	}
	switch {
	case len(choices) == 1 || len(choices) > 1 && v.Request.Choose == api.ChooseFirst:
		return choices[0].Value, nil
	case len(choices) == 0 && v.Optional:
		return "", nil
	case len(choices) == 0:
		return "", &api.Cause{Code: "variable_missing", Title: "the account has nothing to choose for " + shown,
			Detail: "The look-up of " + name + " found no value that may be used.", Remedy: "valetkey connect " + a.Connection + ", with an account that has access"}
	}
	cause := &api.Cause{Code: "choice_needed", Title: "there are several values for " + shown + ": choose one", Detail: listed(choices),
		Remedy: "valetkey connect " + a.Connection + " --choose " + name + "=VALUE"}
	if v.Request.Choose == api.ChooseOnly {
		cause.Remedy = "valetkey connect " + a.Connection + " with an account that has one; or valetkey connect " + a.Connection + " --choose " + name + "=VALUE"
	}
	return "", cause
}

func listed(choices []catalog.Choice) string {
	lines := make([]string, 0, len(choices))
	for i, c := range choices {
		if i == maxListed {
			lines = append(lines, "…")
			break
		}
		line := c.Value
		if c.Label != "" && c.Label != c.Value {
			line += " (" + c.Label + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

// fetch sends the look-up's request with the token where the API takes it.
func (x Exchange) fetch(ctx context.Context, a Arrival, l api.Lookup, captured map[string]string) ([]byte, error) {
	values := maps.Clone(a.Provider.Variables)
	maps.Copy(values, captured)
	address, err := catalog.Expand(l.URL, values)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the look-up has no usable address")
	}
	place(request, a)
	request.Header.Set("Accept", "application/json")
	where := "the look-up at " + request.URL.Hostname()
	response, err := x.HTTP.Do(request)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeUnreachable, "%s got no answer", where)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, fault.New(api.CodeUnreachable, "%s answered %d", where, response.StatusCode)
	case err != nil || len(body) > maxAnswer:
		return nil, fault.Wrap(err, api.CodeUnreachable, "%s could not be read whole", where)
	}
	return body, nil
}

// place puts the token where the API takes it (RFC 6750 section 2).
func place(request *http.Request, a Arrival) {
	placement := api.TokenPlacement{}
	if s := a.Provider.Provider.API; s != nil {
		placement = value(s.Token)
	}
	if len(placement.In) > 0 && placement.In[0] == api.InQuery {
		query := request.URL.Query()
		query.Set(or(placement.Name, "access_token"), a.Token.AccessToken)
		request.URL.RawQuery = query.Encode()
		return
	}
	scheme := "Bearer"
	if placement.Scheme != nil {
		scheme = *placement.Scheme
	}
	request.Header.Set(or(placement.Name, "Authorization"), strings.TrimSpace(scheme+" "+a.Token.AccessToken))
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}
