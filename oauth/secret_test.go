package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "CANARY-3f9a"

// K-13, RFC 6749 §10.3 and §10.4: whatever way a value is printed, no secret
// comes out.
func TestRFC6749_10_3_NothingPrintsASecret(t *testing.T) {
	auth := ClientAuth{ClientID: "client", ClientSecret: canary, Assertion: canary}
	request := codeRequest()
	request.Auth, request.Params = auth, RefreshParams(canary, nil, "")
	_, unreadable := ReadTokenResponse(answer(200, `{"data":"`+canary+`"}`), received(), ResponseRules{})
	var asError *Error
	if !errors.As(unreadable, &asError) || !strings.Contains(string(asError.Salvage), canary) {
		t.Fatal("nothing was salvaged, so nothing is shown here")
	}
	token := Token{AccessToken: canary, RefreshToken: canary, IDToken: canary}
	for name, value := range map[string]any{
		"client auth":            auth,
		"client auth pointer":    &auth,
		"token":                  token,
		"token pointer":          &token,
		"token request":          request,
		"revocation":             RevocationRequest{Auth: auth, Token: canary},
		"authorization response": AuthorizationResponse{Code: canary, State: canary},
		"error":                  asError,
		"salvage":                asError.Salvage,
		"response":               Response{Body: Salvage(canary)},
		"inside another":         struct{ A, B any }{token, auth},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown := fmt.Sprintf(verb, value)
			if strings.Contains(shown, canary) || strings.Contains(shown, fmt.Sprintf("%x", canary)) || strings.Contains(shown, "67 65 78 65 82 89") {
				t.Errorf("%s with %s: %s", name, verb, shown)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		encoded, err := json.Marshal(value)
		if err != nil || strings.Contains(string(encoded)+log.String(), canary) {
			t.Errorf("%s: %v %s %s", name, err, encoded, log.String())
		}
	}
}

// A server that echoes the request back does not put its secrets in the error.
func TestAnEchoedSecretIsBlanked(t *testing.T) {
	request := codeRequest()
	request.Auth.ClientSecret = canary
	request.Params.Set("code", "code-"+canary)
	jwt := "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln"
	_, err := request.Judge(answer(400, `{"error":"invalid_grant","error_description":"code code-`+canary+` of secret `+canary+` and `+jwt+` is bad","trace_id":"`+canary+`"}`), received(), ResponseRules{})
	e := failing(t, err, "invalid_grant", ActionReauthorize)
	shown := e.Error() + fmt.Sprint(e.Evidence)
	if strings.Contains(shown, canary) || strings.Contains(shown, jwt) || !strings.Contains(shown, "is bad") || e.Grant != GrantAuthorizationCode {
		t.Errorf("%s", shown)
	}
	_, err = request.Judge(answer(500, "<p>"+canary+"</p>"), received(), ResponseRules{})
	if e := failing(t, err, CodeHTTPStatus, ActionRetry); strings.Contains(fmt.Sprint(e.Evidence), canary) {
		t.Errorf("%v", e.Evidence)
	}
	revocation := RevocationRequest{Token: canary, Auth: confidential()}
	if err := revocation.Judge(answer(400, `{"error":"x","error_description":"`+canary+`"}`), received(), ResponseRules{}); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("%v", err)
	}
}

// What is kept of an answer holds none of its tokens, at any depth.
func TestFieldsHoldNoSecret(t *testing.T) {
	token := mustRead(t, `{"access_token":"`+canary+`","token_type":"bearer","id_token":"`+canary+`","copy":"`+canary+`","user":{"refresh_token":"`+canary+`","list":[{"client_secret":"`+canary+`"},"`+canary+`"]},"expires_in":5,"x_refresh_token_expires_in":9}`, ResponseRules{})
	encoded, err := json.Marshal(token.Fields)
	if err != nil || strings.Contains(string(encoded), canary) {
		t.Errorf("%s %v", encoded, err)
	}
	if life, _ := token.Look("x_refresh_token_expires_in"); life != "9" {
		t.Errorf("lifetime %q", life)
	}
}
