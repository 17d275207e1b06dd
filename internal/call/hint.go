package call

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
)

const (
	epochFrom   = 1_000_000_000 // smaller numbers are spans: this is the year 2001
	epochMillis = 100_000_000_000
	// epochWindow is how far from now a number may lie and still be a moment.
	epochWindow = 400 * 24 * time.Hour
	maxHint     = 366 * 24 * time.Hour // larger spans are taken as this one
)

// spelledOut finds a span in a sentence, such as "try again in 20 seconds".
var spelledOut = regexp.MustCompile(`(?i)\b(\d+(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\b`)

// moment finds a point in time in a sentence.
var moment = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?`)

// untilHint reads what an API says about when to try again, in any form met in
// the field, as a span from now: seconds, with a fraction or not (RFC 9110
// section 10.2.3 has whole ones); a date of HTTP; a moment of ISO 8601, with or
// without seconds or zone (then UTC); a moment in seconds or milliseconds since
// 1970; a span with units such as 6m0s. What lies in the past is 0.
func untilHint(text string, now time.Time) (time.Duration, bool) {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789.+-") == "" {
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return untilNumber(number, now), true
		}
	}
	if span, err := time.ParseDuration(text); err == nil {
		return clampHint(span), true
	}
	if at, ok := parseMoment(text); ok {
		return clampHint(at.Sub(now)), true
	}
	return 0, false
}

// untilNumber tells spans from moments by their size: no API asks to wait for
// thirty years, and none sends a moment far from now.
func untilNumber(number float64, now time.Time) time.Duration {
	at, isMoment := time.Time{}, false
	switch {
	case number >= epochMillis && number < math.MaxInt64/float64(time.Millisecond):
		at, isMoment = time.UnixMilli(int64(number)), true
	case number >= epochFrom && number < epochMillis:
		at, isMoment = time.Unix(0, int64(number*float64(time.Second))), true
	}
	if isMoment && at.Sub(now).Abs() < epochWindow {
		return clampHint(at.Sub(now))
	}
	if number > maxHint.Seconds() {
		return maxHint
	}
	return clampHint(time.Duration(number * float64(time.Second)))
}

func parseMoment(text string) (time.Time, bool) {
	if at, err := http.ParseTime(text); err == nil {
		return at, true
	}
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z0700",
		"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04:05Z07:00", time.RFC1123Z,
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func clampHint(d time.Duration) time.Duration { return min(max(d, 0), maxHint) }

// inSentence finds a hint within a text for people.
func inSentence(text string, now time.Time) (time.Duration, bool) {
	if found := moment.FindString(text); found != "" {
		return untilHint(found, now)
	}
	found := spelledOut.FindStringSubmatch(text)
	if found == nil {
		return 0, false
	}
	number, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return 0, false
	}
	return untilNumber(number*unit(strings.ToLower(found[2])), now), true
}

// unit is the length of a unit of time in seconds, by its name.
func unit(name string) float64 {
	switch {
	case strings.HasPrefix(name, "ms"), strings.HasPrefix(name, "milli"):
		return 0.001
	case strings.HasPrefix(name, "s"):
		return 1
	case strings.HasPrefix(name, "m"):
		return 60
	}
	return 3600
}

// hints is where a connection's answers say when to try again.
type hints struct {
	header   string // configured; "": none
	bodyPath string // configured; "": none
	media    api.MediaTypes
	limited  bool // the answer says that it was too much
}

// find looks for a hint: in the configured places, in Retry-After, and, in an
// answer to too much, in the fields that tell when a limit is reset.
func (h hints) find(response *http.Response, now time.Time) (time.Duration, bool) {
	if h.header != "" {
		if d, ok := fieldHint(response.Header.Get(h.header), now); ok {
			return d, true
		}
	}
	if h.bodyPath != "" && hasDocument(response, h.media) {
		if value, found := document(response, h.media).Lookup(h.bodyPath); found {
			if d, ok := fieldHint(value, now); ok {
				return d, true
			}
		}
	}
	if d, ok := untilHint(response.Header.Get("Retry-After"), now); ok {
		return d, true
	}
	if d, ok := millisHint(response.Header); ok || !h.limited {
		return d, ok
	}
	if d, ok := resetHint(response.Header, now); ok {
		return d, true
	}
	return h.inBody(response, now)
}

// fieldHint reads a hint that may stand in a sentence.
func fieldHint(text string, now time.Time) (time.Duration, bool) {
	if d, ok := untilHint(text, now); ok {
		return d, true
	}
	return inSentence(text, now)
}

// millisHint reads the fields that count milliseconds.
func millisHint(header http.Header) (time.Duration, bool) {
	for _, name := range [...]string{"Retry-After-Ms", "X-Ms-Retry-After-Ms"} {
		if n, err := strconv.ParseInt(strings.TrimSpace(header.Get(name)), 10, 64); err == nil {
			return clampHint(time.Duration(min(n, maxHint.Milliseconds())) * time.Millisecond), true
		}
	}
	return 0, false
}

// resetHint reads the fields that tell when a limit is reset. Of several the
// latest counts: one of them was hit, and the answer does not say which.
func resetHint(header http.Header, now time.Time) (latest time.Duration, found bool) {
	for name, values := range header {
		if !isReset(name) {
			continue
		}
		remaining := header.Get(strings.Replace(name, "Reset", "Remaining", 1))
		if left, err := strconv.ParseFloat(remaining, 64); err == nil && left > 0 {
			continue // another limit was hit
		}
		for _, value := range values {
			if d, ok := untilHint(value, now); ok {
				latest, found = max(latest, d), true
			}
		}
	}
	if found {
		return latest, true
	}
	return structuredReset(header.Get("Ratelimit"))
}

// isReset knows RateLimit-Reset, X-RateLimit-Reset, X-Rate-Limit-Reset and
// their like with a suffix.
func isReset(name string) bool {
	name = strings.TrimPrefix(strings.ToLower(name), "x-")
	return strings.HasPrefix(name, "ratelimit-reset") || strings.HasPrefix(name, "rate-limit-reset")
}

// structuredReset reads t, in seconds, of the field RateLimit as the IETF's
// draft-ietf-httpapi-ratelimit-headers has it: "default";r=0;t=30.
func structuredReset(field string) (time.Duration, bool) {
	for param := range strings.FieldsFuncSeq(field, func(r rune) bool { return r == ';' || r == ',' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if seconds, err := strconv.ParseUint(value, 10, 32); name == "t" && err == nil {
			return clampHint(time.Duration(seconds) * time.Second), true
		}
	}
	return 0, false
}

// inBodyText is how a sentence in a body begins that tells when to try again.
var inBodyText = regexp.MustCompile(`(?i)(?:retry[ _-]?after|try again|retry|wait)[^.\n]{0,100}`)

// inBody reads what the body of an answer to too much tells people.
func (h hints) inBody(response *http.Response, now time.Time) (time.Duration, bool) {
	if !hasDocument(response, h.media) {
		return 0, false
	}
	body := document(response, h.media)
	for _, path := range [...]string{"retry_after", "/error/retry_after", "/parameters/retry_after"} {
		if value, found := body.Lookup(path); found {
			if d, ok := untilHint(value, now); ok {
				return d, true
			}
		}
	}
	return inSentence(inBodyText.FindString(body.Text()), now)
}
