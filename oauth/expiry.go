package oauth

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxLifetime bounds every lifetime: larger numbers overflow
	// time.Duration, and no token is trusted for longer unseen.
	maxLifetime   = 365 * 24 * time.Hour
	maxRetryAfter = 24 * time.Hour
)

// setExpiry reads the lifetime of t from its members. The clock is the
// caller's moment of receipt; the server's own clock is only ever subtracted
// from itself, so that a skew between the two cannot shift expiry.
func (t *Token) setExpiry(members any, header http.Header, rules ExpiryRules) {
	rule := Lifetime{}
	if rules.ExpiresIn != nil {
		rule = *rules.ExpiresIn
	}
	v, found := lookup(members, or(rule.Pointer, "expires_in"))
	life, readable := lifetime(v, rule.Unit)
	if found && v != nil && !readable {
		t.warn(WarnExpiryUnreadable)
	}
	if !readable {
		life, readable = t.instant(members, header, rules.ExpiresAt)
	}
	if !readable && rules.Expires == ExpiresJWT {
		life, readable = t.claimedLife()
	}
	if rules.Expires == ExpiresNever && life <= 0 {
		return
	}
	if !readable && rules.DefaultExpiresIn > 0 && rules.Expires != ExpiresIntrospect {
		life, readable = seconds(float64(rules.DefaultExpiresIn)), true
	}
	if readable {
		t.ExpiresIn, t.ExpiryKnown = t.bounded(life), true
		t.ExpiresAt = t.Received.Add(t.ExpiresIn)
	}
}

// claimedLife reads how long a token that is a JWT lives: from iat to exp, both
// of the server's clock (RFC 7519 §4.1). It is told nowhere else; nothing more
// is made of the claims than when to ask for the next token.
func (t *Token) claimedLife() (time.Duration, bool) {
	parts := strings.Split(t.AccessToken, ".")
	if len(parts) != 3 {
		return 0, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return 0, false
	}
	var claims struct {
		Expires float64 `json:"exp"`
		Issued  float64 `json:"iat"`
	}
	if json.Unmarshal(text, &claims) != nil || claims.Expires == 0 {
		return 0, false
	}
	if claims.Issued == 0 {
		claims.Issued = float64(t.Received.Unix())
	}
	return seconds(claims.Expires - claims.Issued), true
}

// bounded keeps a lifetime between nothing and a year.
func (t *Token) bounded(life time.Duration) time.Duration {
	switch {
	case life <= 0:
		t.warn(WarnExpiredOnArrival)
		return 0
	case life >= maxLifetime:
		if life > maxLifetime {
			t.warn(WarnExpiryClamped)
		}
		return maxLifetime
	}
	return life
}

// setRefreshExpiry reads when the refresh token dies, where the server says so.
// A lifetime of 0 means it does not.
func (t *Token) setRefreshExpiry(members any, rules ExpiryRules) {
	if t.RefreshToken == "" {
		return
	}
	rule := Lifetime{}
	if rules.RefreshExpiresIn != nil {
		rule = *rules.RefreshExpiresIn
	}
	pointers := []string{rule.Pointer}
	if rule.Pointer == "" {
		pointers = []string{"refresh_token_expires_in", "refresh_expires_in"}
	}
	for _, pointer := range pointers {
		v, _ := lookup(members, pointer)
		if life, ok := lifetime(v, rule.Unit); ok && life > 0 {
			t.RefreshExpiresAt = t.Received.Add(min(life, 20*maxLifetime))
			return
		}
	}
}

// instant turns a point on the server's clock into a lifetime.
func (t *Token) instant(members any, header http.Header, rule *Instant) (time.Duration, bool) {
	format, pointers := "", []string{"expires_at", "expires_on"}
	if rule != nil {
		format = rule.Format
		pointers = []string{or(rule.Pointer, "expires_at")}
	}
	for _, pointer := range pointers {
		v, found := lookup(members, pointer)
		at, ok := pointInTime(v, format)
		if ok {
			now := t.Received
			if date, err := http.ParseTime(header.Get("Date")); err == nil {
				now = date
			}
			return at.Sub(now), true
		}
		if found && v != nil {
			t.warn(WarnExpiryUnreadable)
		}
	}
	return 0, false
}

// lifetime reads a number or a string that holds one.
func lifetime(v any, unit string) (time.Duration, bool) {
	s, ok := numeric(v)
	if !ok {
		return 0, false
	}
	n, ok := number(s)
	if !ok {
		return 0, false
	}
	switch unit {
	case "ms":
		n /= 1000
	case "m":
		n *= 60
	}
	return seconds(n), true
}

// numeric gives the text of a number, or of a string that may hold one.
func numeric(v any) (string, bool) {
	switch v := v.(type) {
	case json.Number:
		return v.String(), true
	case string:
		return strings.TrimSpace(v), true
	}
	return "", false
}

// number reads decimal digits, a fraction and an exponent; what else ParseFloat
// knows (inf, nan, hexadecimal) is no number here.
func number(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "0123456789.eE+-") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, false
	}
	return n, true
}

// seconds saturates instead of overflowing.
func seconds(n float64) time.Duration {
	const limit = float64(100 * 365 * 24 * time.Hour / time.Second)
	return time.Duration(max(-limit, min(limit, n)) * float64(time.Second))
}

func pointInTime(v any, format string) (time.Time, bool) {
	s, ok := numeric(v)
	if !ok || s == "" {
		return time.Time{}, false
	}
	if n, ok := number(s); ok {
		// Seconds reach 10^11 in the year 5138: above that it is milliseconds.
		if format == "unix_ms" || format != "unix" && math.Abs(n) >= 1e11 {
			n /= 1000
		}
		if math.Abs(n) > 1e11 || n <= 0 {
			return time.Time{}, false
		}
		return time.Unix(int64(n), 0), true
	}
	for _, layout := range layouts(format) {
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func layouts(format string) []string {
	iso := []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05"}
	switch format {
	case "rfc3339":
		return iso
	case "http":
		return []string{http.TimeFormat, time.RFC850, time.ANSIC, time.RFC1123Z}
	case "unix", "unix_ms":
		return nil
	}
	return append(iso, http.TimeFormat, time.RFC850, time.ANSIC, time.RFC1123Z)
}

// ParseRetryAfter reads a server's hint how long to wait: seconds, with or
// without a fraction, an HTTP date, an ISO 8601 time, or seconds or
// milliseconds since 1970. The result lies between 0 and 24 hours; false means
// that there was nothing to read.
func ParseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	n, isNumber := number(value)
	if isNumber {
		if wait, ok := epochWait(n, now); ok {
			return wait, true
		}
		return clampWait(seconds(n)), true
	}
	at, ok := pointInTime(value, "")
	if !ok {
		return 0, false
	}
	return clampWait(at.Sub(now)), true
}

// epochWait takes a number for a point in time only when that point is near
// now: 10^9 is a very long wait, not the year 2001.
func epochWait(n float64, now time.Time) (time.Duration, bool) {
	for _, unit := range []float64{1, 1000} {
		wait := seconds(n/unit - float64(now.Unix()))
		if n > 1e9 && wait.Abs() < maxLifetime {
			return clampWait(wait), true
		}
	}
	return 0, false
}

func clampWait(d time.Duration) time.Duration { return max(0, min(d, maxRetryAfter)) }

func retryAfter(h http.Header, now time.Time) time.Duration {
	d, _ := ParseRetryAfter(h.Get("Retry-After"), now)
	return d
}
