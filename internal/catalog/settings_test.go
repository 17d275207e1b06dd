package catalog_test

import (
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestEachMistakeOfHowToCallIsNamed(t *testing.T) {
	for name, test := range map[string]struct{ block, want string }{
		"status":         {"auth_error: {statuses: [42]}", "p.yaml:2:20: api.auth_error.statuses: 42 is not the status of an answer"},
		"values alone":   {"auth_error: {values: [x]}", "api.auth_error.values: they need a path"},
		"pointer":        {"auth_error: {path: a~b}", `api.auth_error.path: "a~b" is not a JSON pointer`},
		"pointer's end":  {"auth_error: {path: a~}", "is not a JSON pointer"},
		"redirects":      {"redirects: some", `api.redirects: "some" is not one of none, same_origin, all`},
		"ca":             {"tls: {ca: nonsense}", "api.tls.ca: it holds no certificate"},
		"any server":     {"tls: {insecure_skip_verify: true}", "api.tls.insecure_skip_verify: it needs ca"},
		"own, as text":   {"tls: {certificate: PEM}", "api.tls.certificate: it is file:PATH, env:VALETKEY_CERTIFICATE_NAME or variable:NAME"},
		"own, nearby":    {"tls: {certificate: 'file:a.pem'}", "api.tls.certificate: file: needs the whole path"},
		"own, any name":  {"tls: {certificate: 'env:HOME'}", "api.tls.certificate: it is file:PATH"},
		"own and theirs": {"tls: {certificate: 'file:/a.pem', client_certificate: true}", "api.tls.certificate: client_certificate shows the client's"},
		"action":         {"soap_action: 'a\"b'", "api.soap_action: it is one line without quotation marks"},
		"header":         {"rate_limit: {header: 'a b'}", `api.rate_limit.header: "a b" cannot be the name of a header`},
		"mode":           {"retry: {mode: sometimes}", `api.retry.mode: "sometimes" is not one of none, status, any`},
		"retries":        {"retry: {max: 21}", "api.retry.max: 21 is not between 0 and 20"},
		"retry status":   {"retry: {statuses: [100]}", "api.retry.statuses: 100"},
		"method":         {"retry: {methods: ['P UT']}", `api.retry.methods: "P UT" is not a method`},
		"body path":      {"retry: {body_path: ~2}", "api.retry.body_path"},
		"concurrency":    {"rate_limit: {concurrency: 51}", "api.rate_limit.concurrency: 51 is not between 1 and 50"},
		"requests":       {"rate_limit: {requests: -1}", "api.rate_limit.requests: -1"},
		"per alone":      {"rate_limit: {per: 1m}", "api.rate_limit.per: it needs requests"},
		"shared with":    {"rate_limit: {shared_with: '{tenant}'}", "{tenant} is used and not declared"},
		"unknown key":    {"rate_limit: {request: 5}", `unknown key "request"; did you mean requests?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalog.ParseProvider("p.yaml", []byte("token_endpoint: https://a.example/t\napi: {"+strings.ReplaceAll(test.block, "~2", "'~2'")+"}\n"))
			if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestEveryKeyOfHowToCallIsRead(t *testing.T) {
	p, err := catalog.ParseProvider("p.yaml", []byte(`
token_endpoint: https://a.example/t
variables: {tenant: {default: a}}
api:
  auth_error: {statuses: [401, 403], path: /a~1b/0, header: X-Reason, values: expired, login_page: true}
  retry: {mode: any, statuses: [500], methods: [PUT], max: 0, wait: 2s, multiply_wait: false, max_wait: 5m, header: X-Wait, body_path: wait}
  rate_limit: {statuses: [403], path: p, header: X-Left, values: ["0", "-1"], retry_after_header: X-Wait, min_interval: 100ms, requests: 60, per: 1m,
    concurrency: 5, adaptive: true, shared_with: "b/{tenant}", queue: 9, observe: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	a, r, l := p.API.AuthError, p.API.Retry, p.API.RateLimit
	if len(a.Statuses) != 2 || a.Path != "/a~1b/0" || a.Header != "X-Reason" || a.Values[0] != "expired" || !*a.LoginPage {
		t.Errorf("auth_error is %+v", a)
	}
	if r.Mode != api.RetryAny || *r.Max != 0 || *r.MultiplyWait || r.Methods[0] != "PUT" || r.BodyPath != "wait" || r.MaxWait == 0 {
		t.Errorf("retry is %+v", r)
	}
	if l.Concurrency != 5 || l.Requests != 60 || !*l.Adaptive || !*l.Observe || l.SharedWith != "b/{tenant}" || l.Values[1] != "-1" || l.Queue != 9 || l.MinInterval == 0 {
		t.Errorf("rate_limit is %+v", l)
	}
}

func TestAConnectionsOwnSettingsAreCheckedToo(t *testing.T) {
	err := catalog.CheckSettings(api.CallSettings{Retry: &api.RetryRules{Mode: "x"}, RateLimit: &api.RateLimitRules{Concurrency: 99}})
	if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), "api.retry.mode") || !strings.Contains(err.Error(), "api.rate_limit.concurrency") {
		t.Errorf("got %v", err)
	}
	if err := catalog.CheckSettings(api.CallSettings{RateLimit: &api.RateLimitRules{SharedWith: "a/{tenant}"}}); err != nil {
		t.Errorf("right settings are refused: %v", err)
	}
}
