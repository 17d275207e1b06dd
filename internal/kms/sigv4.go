package kms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// signer signs a request to AWS: Signature Version 4, for a POST to a path
// without a query, which is all that KMS has.
type signer struct {
	region, service string
	keyID, secret   string
	session         string // "": long-lived credentials
	at              time.Time
}

// sign adds the date, the session token and the signature to the header.
func (s signer) sign(r *http.Request, body []byte) error {
	stamp := s.at.Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	if s.session != "" {
		r.Header.Set("X-Amz-Security-Token", s.session)
	}
	fields := map[string]string{"host": r.URL.Host}
	for name, values := range r.Header {
		fields[strings.ToLower(name)] = strings.TrimSpace(strings.Join(values, ","))
	}
	names := slices.Sorted(maps.Keys(fields))
	var lines strings.Builder
	for _, name := range names {
		lines.WriteString(name + ":" + fields[name] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), "", lines.String(), signed, digest(body)}, "\n")
	scope := strings.Join([]string{stamp[:8], s.region, s.service, "aws4_request"}, "/")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, digest([]byte(canonical))}, "\n")
	key := []byte("AWS4" + s.secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.keyID+"/"+scope+", SignedHeaders="+signed+
		", Signature="+hex.EncodeToString(mac(key, toSign)))
	return nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
