package rest

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestAFailureInsideA200IsToldToWhoCallsAndEndsAnOperation(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	s.send(operator, "PATCH", "/v1/connections/robot", `{"api":{"fail_path":"method","fail_values":["POST"],"error_path":"uri"},
		"operations":{"make":{"method":"POST","path":"/make"}}}`).into(t, 200, nil)
	var answer api.CallResponse
	s.send(operator, "POST", "/v1/connections/robot/call", `{"method":"POST","path":"/x"}`).into(t, 200, &answer)
	if answer.Status != 200 || answer.Failure != "/api/x" || !strings.Contains(answer.Text, `"method":"POST"`) {
		t.Errorf("%+v", answer)
	}
	answer = api.CallResponse{}
	s.send(operator, "POST", "/v1/connections/robot/call", `{"path":"/x"}`).into(t, 200, &answer)
	if answer.Failure != "" {
		t.Errorf("a success is told as %q", answer.Failure)
	}
	p := s.send(operator, "POST", "/v1/connections/robot/operations/make/run", `{}`).problem(t, 502, api.CodeUpstream)
	if !strings.Contains(p.Detail, "/api/make") {
		t.Errorf("%q", p.Detail)
	}
}

func TestAFormWithFilesIsSentAsMultipart(t *testing.T) {
	s := newTestServer(t)
	var answer api.CallResponse
	content := base64.StdEncoding.EncodeToString([]byte("\x00%PDF"))
	s.send(s.key(api.RoleProxy), "POST", "/v1/connections/robot/call", `{"method":"POST","path":"/u","form":{"title":["Report"]},
		"files":[{"field":"document","name":"a\"b.pdf","content_type":"application/pdf","content":"`+content+`"}]}`).into(t, 200, &answer)
	got := <-s.seen
	if kind := got.Header.Get("Content-Type"); !strings.HasPrefix(kind, "multipart/form-data; boundary=") {
		t.Errorf("Content-Type %q", kind)
	}
	for _, part := range []string{`name=\"title\"`, "Report", `name=\"document\"; filename=\"a\\\"b.pdf\"`, "application/pdf", "%PDF"} {
		if !strings.Contains(answer.Text, part) && !strings.Contains(answer.Text, strings.ReplaceAll(part, `\\\"`, `%22`)) {
			t.Errorf("the API got no %s: %s", part, answer.Text)
		}
	}
	s.send(s.key(api.RoleProxy), "POST", "/v1/connections/robot/call", `{"path":"/u","files":[{"field":"","content":""}]}`).problem(t, 400, api.CodeInvalid)
}
