package call

import (
	"io"
	"net/http"
	"testing"

	"github.com/valetkey/valetkey/api"
)

const soapFault = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>INVALID_SESSION</faultstring></s:Fault></s:Body></s:Envelope>`

func TestAFailureInsideA200IsToldAndItsBytesPassUntouched(t *testing.T) {
	slack := api.BodyRules{OutcomeRules: api.OutcomeRules{SuccessPath: "/ok", SuccessValues: api.StringList{"true"}, ErrorPath: "/error"}}
	soap := map[string]string{"Content-Type": "application/soap+xml"}
	for name, test := range map[string]struct {
		rules   api.BodyRules
		request Request
		answer  reply
		failure string
		hint    string
	}{
		"a failure":                      {slack, Request{}, jsonAnswer(200, `{"ok":false,"error":"not_in_channel"}`), "not_in_channel", "invite the app"},
		"a success":                      {slack, Request{}, jsonAnswer(200, `{"ok":true}`), "", ""},
		"a hint for a status":            {api.BodyRules{}, Request{}, jsonAnswer(403, `{}`), "", "ask the administrator"},
		"a status without a hint":        {api.BodyRules{}, Request{}, jsonAnswer(404, `{}`), "", ""},
		"a stream is not held up":        {slack, Request{}, reply{200, map[string]string{"Content-Type": "application/x-ndjson"}, `{"ok":false}`}, "", ""},
		"binary":                         {slack, Request{}, reply{200, map[string]string{"Content-Type": "image/png"}, "\x89PNG"}, "", ""},
		"a SOAP 1.2 fault":               {api.BodyRules{}, Request{}, reply{500, soap, soapFault}, "INVALID_SESSION", ""},
		"a SOAP 1.1 fault in a 200":      {api.BodyRules{}, Request{Header: http.Header{"Soapaction": {`"x"`}}}, reply{200, map[string]string{"Content-Type": "text/xml"}, soapFault}, "INVALID_SESSION", ""},
		"a SOAP fault by the settings":   {api.BodyRules{MediaTypes: api.MediaTypes{MediaType: "soap"}}, Request{}, reply{200, map[string]string{"Content-Type": "text/plain"}, soapFault}, "INVALID_SESSION", ""},
		"XML that is no SOAP":            {api.BodyRules{}, Request{}, reply{200, map[string]string{"Content-Type": "text/xml"}, soapFault}, "", ""},
		"JSON that is called XML":        {api.BodyRules{MediaTypes: api.MediaTypes{MediaType: "json"}, OutcomeRules: slack.OutcomeRules}, Request{}, reply{200, map[string]string{"Content-Type": "text/xml"}, `{"ok":false,"error":"x"}`}, "x", ""},
		"errors of another kind":         {api.BodyRules{MediaTypes: api.MediaTypes{MediaType: "json", ErrorMediaType: "xml"}, OutcomeRules: api.OutcomeRules{ErrorPath: "/e/m"}}, Request{}, reply{400, map[string]string{"Content-Type": "application/json"}, `<e><m>wrong</m></e>`}, "wrong", ""},
		"successes of another kind":      {api.BodyRules{MediaTypes: api.MediaTypes{MediaType: "json", SuccessMediaType: "xml"}, OutcomeRules: api.OutcomeRules{FailPath: "/e/m", ErrorPath: "/e/m"}}, Request{}, reply{200, map[string]string{"Content-Type": "application/json"}, `<e><m>wrong</m></e>`}, "wrong", ""},
		"a message with a line break":    {slack, Request{}, jsonAnswer(200, `{"ok":false,"error":"a\r\nX-Evil: 1"}`), "a X-Evil: 1", ""},
		"a message in another character": {slack, Request{}, reply{200, map[string]string{"Content-Type": "application/json; charset=iso-8859-1"}, "{\"ok\":false,\"error\":\"d\xe9sol\xe9\"}"}, "désolé", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "", test.answer.serve)
			r.credentials.target.BodyRules = test.rules
			r.credentials.target.Hints = map[string]string{"not_in_channel": "invite the\n app", "403": "ask the administrator"}
			test.request.Path = "/"
			response, body := r.do(t, test.request)
			if response.StatusCode != test.answer.status || body != test.answer.body {
				t.Errorf("the caller got %d %q", response.StatusCode, body)
			}
			if got := response.Header.Get(HeaderFailure); got != test.failure {
				t.Errorf("failure %q", got)
			}
			if got := response.Header.Get(HeaderHint); got != test.hint {
				t.Errorf("hint %q", got)
			}
		})
	}
}

func TestASOAPFaultCanMeanThatTheTokenIsRefusedOrTheLimitReached(t *testing.T) {
	fault := reply{500, map[string]string{"Content-Type": "text/xml; charset=utf-8"}, soapFault}
	rule := api.AnswerRule{Statuses: []int{500}, Path: "/Envelope/Body/Fault/faultstring", Values: api.StringList{"INVALID_SESSION"}}
	r := newRig(t, "", fault.serve)
	r.credentials.target.AuthError.AnswerRule = rule
	if _, body := r.do(t, Request{Path: "/"}); r.credentials.renewals != 1 || body != "welcome" {
		t.Errorf("%d renewals, %q", r.credentials.renewals, body)
	}
	limited := newRig(t, "", fault.serve)
	limited.credentials.target.RateLimit.AnswerRule = rule
	limited.credentials.target.Retry = api.RetryRules{Mode: api.RetryNone, BodyPath: "/Envelope/Body/Fault/faultcode"}
	response, _ := limited.do(t, Request{Path: "/"})
	if !isLimit(limited.credentials.target, response) {
		t.Error("a fault that means a limit was not read as one")
	}
}

func TestABodyWithoutATypeGetsThatOfTheSettings(t *testing.T) {
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Content-Type")) })
	r.credentials.target.MediaType = "xml"
	untold := withBody("", "<a/>")
	untold.Header = nil
	for want, request := range map[string]Request{"application/xml": untold, "text/csv": withBody("text/csv", "a,b"), "": {Path: "/x"}} {
		if _, got := r.do(t, request); got != want {
			t.Errorf("the API got %q, want %q", got, want)
		}
	}
}
