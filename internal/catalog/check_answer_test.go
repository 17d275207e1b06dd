package catalog_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestWhatIsSaidOfBodiesTestsAndProxiesIsChecked(t *testing.T) {
	for name, test := range map[string]struct {
		settings api.CallSettings
		wrong    string // "": nothing
	}{
		"short media types":      {api.CallSettings{BodyRules: api.BodyRules{MediaTypes: api.MediaTypes{MediaType: "soap", SuccessMediaType: "json", ErrorMediaType: "text/csv"}}}, ""},
		"an odd media type":      {api.CallSettings{BodyRules: api.BodyRules{MediaTypes: api.MediaTypes{ErrorMediaType: "yaml"}}}, "error_media_type"},
		"values without a path":  {api.CallSettings{BodyRules: api.BodyRules{OutcomeRules: api.OutcomeRules{SuccessValues: api.StringList{"1"}}}}, "success_path"},
		"no pointer":             {api.CallSettings{BodyRules: api.BodyRules{OutcomeRules: api.OutcomeRules{ErrorPath: "/a~2"}}}, "error_path"},
		"a test's values":        {api.CallSettings{Test: &api.TestRequest{OutcomeRules: api.OutcomeRules{FailValues: api.StringList{"1"}}}}, "fail_path"},
		"a test's method":        {api.CallSettings{Test: &api.TestRequest{Method: "GE T"}}, "method"},
		"a test's header":        {api.CallSettings{Test: &api.TestRequest{Headers: map[string]string{"a b": "x"}}}, "header"},
		"a proxy":                {api.CallSettings{Route: api.Route{Proxy: "socks5://proxy.example:1080"}}, ""},
		"a proxy in a file":      {api.CallSettings{Route: api.Route{Proxy: "file:/etc/proxy"}}, ""},
		"a proxy in a variable":  {api.CallSettings{Route: api.Route{Proxy: "env:VALETKEY_PROXY_A"}}, ""},
		"another variable":       {api.CallSettings{Route: api.Route{Proxy: "env:AWS_SECRET"}}, "VALETKEY_PROXY_"},
		"part of a path":         {api.CallSettings{Route: api.Route{Proxy: "file:proxy"}}, "path"},
		"a proxy with password":  {api.CallSettings{Route: api.Route{Proxy: "http://ann:CANARY@proxy"}}, "file:PATH"},
		"an agent":               {api.CallSettings{Route: api.Route{Agent: api.StringList{"plant", "spare"}}}, ""},
		"an agent of no name":    {api.CallSettings{Route: api.Route{Agent: api.StringList{"Plant 1"}}}, "cannot be the name of an agent"},
		"an agent and a proxy":   {api.CallSettings{Route: api.Route{Proxy: "http://proxy", Agent: api.StringList{"plant"}}}, "take one of them"},
		"a proxy of no kind":     {api.CallSettings{Route: api.Route{Proxy: "ftp://proxy"}}, "socks5"},
		"more than 100000 calls": {api.CallSettings{RateLimit: &api.RateLimitRules{Requests: 130_000, Per: 10}}, ""},
		"too many calls":         {api.CallSettings{RateLimit: &api.RateLimitRules{Requests: 1_000_001}}, "requests"},
	} {
		t.Run(name, func(t *testing.T) {
			err := catalog.CheckSettings(test.settings)
			switch {
			case test.wrong == "" && err != nil:
				t.Error(err)
			case test.wrong != "" && (!fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), test.wrong)):
				t.Errorf("got %v", err)
			case err != nil && strings.Contains(err.Error(), "CANARY"):
				t.Error("the password is shown")
			}
		})
	}
}

func TestTheAPIBlockKnowsTheClientIDAndNoSecret(t *testing.T) {
	p := api.Provider{API: &api.CallSettings{
		BaseURL: "https://api.contoso.example", Headers: map[string]string{"Client-Id": "{client_id}"},
		Test: &api.TestRequest{Path: "/apps/{client_id}", Query: map[string]string{"c": "{client_id}"}},
	}}
	p.TokenEndpoint = "https://login.contoso.example/token"
	if err := catalog.Check(p); err != nil {
		t.Error(err)
	}
	p.API.Headers["X-Secret"] = "{client_secret}"
	if err := catalog.Check(p); err == nil {
		t.Error("a header may hold the client's secret")
	}
}
