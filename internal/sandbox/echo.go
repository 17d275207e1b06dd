package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// echoAnswer is what a request looked like when it arrived.
type echoAnswer struct {
	Method        string              `json:"method"`
	Path          string              `json:"path"`
	Query         string              `json:"query"`
	Host          string              `json:"host"`
	Protocol      string              `json:"protocol"`
	Headers       map[string][]string `json:"headers"`
	Authorization *echoCredential     `json:"authorization,omitempty"`
	BodyLength    int64               `json:"body_length"`
	BodySHA256    string              `json:"body_sha256"`
}

// echoCredential shows which credential came without showing it.
type echoCredential struct {
	Scheme      string `json:"scheme"`
	Fingerprint string `json:"fingerprint"`
}

// echo describes the request. The token is replaced by its fingerprint wherever
// it occurs; the body is counted and hashed as it streams.
func (s *Server) echo(w http.ResponseWriter, r *http.Request, _ accessToken) {
	answer := echoAnswer{
		Method:   r.Method,
		Path:     r.URL.EscapedPath(),
		Query:    r.URL.RawQuery,
		Host:     r.Host,
		Protocol: r.Proto,
		Headers:  map[string][]string{},
	}
	var secrets []string
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && token != "" {
		answer.Authorization = &echoCredential{Scheme: scheme, Fingerprint: fingerprint(token)}
		secrets = append(secrets, token)
	}
	if token := r.URL.Query().Get("access_token"); token != "" {
		secrets = append(secrets, token)
	}
	for name, values := range r.Header {
		for _, v := range values {
			answer.Headers[name] = append(answer.Headers[name], hide(v, secrets))
		}
	}
	answer.Query = hide(answer.Query, secrets)
	sum := sha256.New()
	n, err := io.Copy(sum, r.Body)
	if err != nil {
		s.writeGraphError(w, http.StatusBadRequest, "BadRequest", "The body ended early.")
		return
	}
	answer.BodyLength, answer.BodySHA256 = n, hex.EncodeToString(sum.Sum(nil))
	writeJSON(w, http.StatusOK, answer)
}

// hide replaces every secret in text by its fingerprint.
func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, fingerprint(secret))
	}
	return text
}
