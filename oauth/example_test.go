package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// A refresh, from request to token. The caller sends the request and keeps the
// time.
func Example() {
	request := oauth.TokenRequest{
		Endpoint: "https://as.example/token",
		Auth:     oauth.ClientAuth{ClientID: "client", ClientSecret: "secret"},
		Grant:    oauth.GrantRefreshToken,
		Params:   oauth.RefreshParams("the refresh token", nil, ""),
	}
	message, err := request.HTTP(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(message.Method, message.URL)

	answer := &http.Response{ // what an http.Client would give
		StatusCode: http.StatusOK,
		Body:       io.NopCloser(strings.NewReader(`{"access_token":"a","token_type":"Bearer","expires_in":"3600"}`)),
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	token, err := request.Judge(answer, now, oauth.ResponseRules{})
	fmt.Println(token, err)
	// Output:
	// POST https://as.example/token
	// token set: access, expires 2026-11-21T13:00:00Z <nil>
}

// A server's refusal says what has to happen.
func ExampleReadTokenResponse() {
	answer := &http.Response{
		StatusCode: http.StatusBadRequest,
		Body:       io.NopCloser(strings.NewReader(`{"error":"invalid_grant","error_description":"expired"}`)),
	}
	rules := oauth.ResponseRules{Asked: oauth.Asked{Grant: oauth.GrantRefreshToken}}
	_, err := oauth.ReadTokenResponse(answer, time.Now(), rules)
	var refused *oauth.Error
	if errors.As(err, &refused) {
		fmt.Println(refused, "→", refused.Action)
	}
	// Output:
	// invalid_grant: expired (HTTP 400) → reauthorize
}
