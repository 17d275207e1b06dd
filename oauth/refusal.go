package oauth

import (
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth/challenge"
)

// JudgeAPI classifies an API's refusal of a token from its status and
// challenges (RFC 6750 §3.1). It gives nil for a status that is no refusal: at
// most 399, or an error that is not about the token.
func JudgeAPI(status int, h http.Header, now time.Time) *Error {
	c, _ := challenge.Bearer(challenge.Parse(h))
	code := errorCode(c.Params["error"])
	if status < 400 || status != http.StatusUnauthorized && code == "" {
		return nil
	}
	e := &Error{
		Code:        code,
		Description: sanitize(c.Params["error_description"], nil),
		URI:         errorURI(c.Params["error_uri"]),
		Status:      status,
		RetryAfter:  retryAfter(h, now),
		Action:      Classify(Signal{At: AtAPI, Code: code, Status: status}),
		Evidence:    map[string]string{},
	}
	if e.Code == "" {
		e.Code = CodeHTTPStatus
	}
	for _, name := range []string{"scope", "acr_values", "max_age", "claims", "resource_metadata", "realm"} {
		if v := c.Params[name]; v != "" && len(v) <= maxEvidence {
			e.Evidence[name] = printable(v)
		}
	}
	return e
}

const maxEvidence = 4096

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return -1
		}
		return r
	}, s)
}
