package call

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/oauth"
)

// The codes of challenges that no other token of the same grant answers
// (RFC 6750 section 3.1, RFC 9470 section 3), and the one that a token may
// answer that was asked for with the challenge's claims.
const (
	codeScope  = "insufficient_scope"
	codeSignIn = "insufficient_user_authentication"
	codeClaims = "insufficient_claims"
)

// stepper keeps what an API wants of the next authorization; *broker.Broker does.
type stepper interface {
	RenewWith(ctx context.Context, connection string, generation int64, claims string) (*broker.Credential, error)
	StepUp(ctx context.Context, connection string, challenge broker.Challenge)
}

// renewed gets another token after a refusal: with the claims that the API's
// challenge asks for, where it does.
func (e *Engine) renewed(ctx context.Context, refused *broker.Credential, o *outgoing, refusal *http.Response) (*broker.Credential, error) {
	claims := claimsOf(e.challenged(refusal))
	if able, ok := e.credentials.(stepper); ok && claims != "" {
		o.claims = claims
		return able.RenewWith(ctx, refused.Connection, refused.Generation, claims)
	}
	return e.credentials.Renew(ctx, refused.Connection, refused.Generation)
}

// stepUp passes on what only a person can give. The answer stays as it is: the
// caller sees the challenge too.
func (e *Engine) stepUp(ctx context.Context, credential *broker.Credential, o *outgoing, response *http.Response) {
	keeps, ok := e.credentials.(stepper)
	if !ok || o.away || response.StatusCode < 400 {
		return
	}
	judged := e.challenged(response)
	if judged == nil || judged.Code != codeScope && judged.Code != codeSignIn && judged.Code != codeClaims {
		return
	}
	if judged.Code == codeClaims && (o.claims == "" || response.Header.Get(HeaderRetryable) != "") {
		return // a token with these claims was not tried yet
	}
	location, err := o.location(credential.Target)
	if err != nil {
		return
	}
	keeps.StepUp(ctx, credential.Connection, broker.Challenge{
		Resource: location.Scheme + "://" + location.Host + location.EscapedPath(),
		Code:     judged.Code, Description: judged.Description, StepUp: wanted(judged),
	})
}

func wanted(judged *oauth.Error) api.StepUp {
	step := api.StepUp{Scopes: strings.Fields(judged.Evidence["scope"]), ACRValues: judged.Evidence["acr_values"], Claims: claimsOf(judged)}
	if age, err := strconv.Atoi(judged.Evidence["max_age"]); err == nil && age >= 0 {
		step.MaxAge = &age
	}
	return step
}

// claimsOf are the claims of a challenge, which stand there in base64 or, from
// some, as they are; "" where it names none that can be read.
func claimsOf(judged *oauth.Error) string {
	if judged == nil {
		return ""
	}
	text := strings.TrimSpace(judged.Evidence["claims"])
	if bare := strings.TrimRight(text, "="); bare != "" {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if decoded, err := encoding.DecodeString(bare); err == nil && json.Valid(decoded) {
				return string(decoded)
			}
		}
	}
	if !json.Valid([]byte(text)) {
		return ""
	}
	return text
}
