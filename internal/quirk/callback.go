package quirk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// VerifyCallback holds a redirect back to the signature that the provider puts
// into it, by the verifier that its description names. secrets are the client's:
// one must fit. The error has [api.CodeForbidden], or
// [api.CodeNeedsConfiguration] where there is no secret to verify with.
func VerifyCallback(verifier string, params url.Values, secrets []string) error {
	if verifier == "" {
		return nil
	}
	if len(secrets) == 0 {
		return fault.New(api.CodeNeedsConfiguration, "the provider signs its answers with the client secret, and there is none").
			WithHint("valetkey client update NAME --client-secret-file FILE")
	}
	signed, err := hex.DecodeString(params.Get("hmac"))
	for _, message := range shopifyMessages(params) {
		for _, secret := range secrets {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(message))
			if err == nil && hmac.Equal(signed, mac.Sum(nil)) {
				return nil
			}
		}
	}
	return fault.New(api.CodeForbidden, "the answer that came back is not signed by the provider").
		WithHint("nothing was changed; begin again, and if it happens again, check that the client secret is the one of this app")
}

// shopifyMessages are what Shopify may have signed: all parameters but the
// signature, sorted, as they are or encoded as they travelled.
func shopifyMessages(params url.Values) []string {
	rest := url.Values{}
	var plain []string
	for name, values := range params {
		if name == "hmac" || name == "signature" {
			continue
		}
		rest[name] = values
		for _, value := range values {
			plain = append(plain, name+"="+value)
		}
	}
	slices.Sort(plain)
	return []string{strings.Join(plain, "&"), rest.Encode()}
}
