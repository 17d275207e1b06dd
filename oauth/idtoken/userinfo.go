package idtoken

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// UserinfoRequest builds the GET that asks who the access token is about
// (OpenID Connect Core §5.3.1). The error is an *oauth.Error.
func UserinfoRequest(ctx context.Context, endpoint, accessToken string, opts ...oauth.Option) (*http.Request, error) {
	visible := func(r rune) bool { return r > 0x20 && r < 0x7f }
	if accessToken == "" || strings.TrimFunc(accessToken, visible) != "" {
		return nil, &oauth.Error{Code: oauth.CodeInvalidToken, Description: "there is no access token that can stand in a header", Action: oauth.ActionReauthorize}
	}
	req, err := getRequest(ctx, endpoint, "application/json", opts)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	return req, nil
}

// ReadUserinfo judges the answer to a UserinfoRequest and closes its body. The
// subject must be that of the ID token, byte for byte, or nothing in the answer
// may be used (§5.3.2). It has no issuer of its own: the account's comes from
// the ID token, see Account.With. A refusal of the access token is what
// oauth.JudgeAPI makes of it. The error is an *oauth.Error.
func ReadUserinfo(resp *http.Response, now time.Time, subject string) (Claims, error) {
	r, err := oauth.ReadResponse(resp, now)
	if err != nil {
		var e *oauth.Error
		if errors.As(err, &e) && e.Action == oauth.ActionUnknownOutcome {
			e.Action = oauth.ActionRetry // a question changes nothing
		}
		return Claims{}, err
	}
	if r.Status != http.StatusOK {
		if refusal := oauth.JudgeAPI(r.Status, r.Header, now); refusal != nil {
			return Claims{}, refusal
		}
		return Claims{}, badStatus(r, "the userinfo endpoint does not answer")
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/jwt" {
		return Claims{}, unusableUserinfo("the userinfo endpoint signs its answers; register the client without userinfo_signed_response_alg")
	}
	claims, err := parseClaims(trimBOM(r.Body))
	if err != nil {
		return Claims{}, unusableUserinfo("the answer of the userinfo endpoint is not one JSON object of claims")
	}
	if subject == "" || claims.Subject != subject {
		return Claims{}, invalid(RuleSubject, "the userinfo endpoint answers about another account than the ID token's")
	}
	return claims, nil
}

func unusableUserinfo(description string) *oauth.Error {
	return &oauth.Error{Code: oauth.CodeInvalidResponse, Description: description, Action: oauth.ActionConfigure}
}
