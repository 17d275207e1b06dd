package oauth

import (
	"net/http"
	"strings"
	"time"
)

// Challenge is one challenge of a WWW-Authenticate header (RFC 9110 §11.3,
// RFC 6750 §3).
type Challenge struct {
	Scheme  string            // as received; compare case-insensitively
	Params  map[string]string // names in lower case; of a repeated one the first counts
	Token68 string            // the one value of schemes that have no parameters
}

const maxChallenges = 32

// ParseChallenges reads every challenge of every WWW-Authenticate header, in
// order. Whatever cannot be read is skipped; nothing is an error.
func ParseChallenges(h http.Header) []Challenge {
	var all []Challenge
	for _, line := range h.Values("WWW-Authenticate") {
		p := challengeParser{rest: line}
		for len(all) < maxChallenges {
			c, ok := p.challenge()
			if !ok {
				break
			}
			all = append(all, c)
		}
	}
	return all
}

// Bearer gives the first Bearer challenge, or one of the scheme DPoP, which
// takes the same parameters (RFC 9449 §7.1).
func Bearer(challenges []Challenge) (Challenge, bool) {
	for _, c := range challenges {
		if strings.EqualFold(c.Scheme, "Bearer") || strings.EqualFold(c.Scheme, "DPoP") {
			return c, true
		}
	}
	return Challenge{}, false
}

// JudgeAPI classifies an API's refusal of a token from its status and
// challenges (RFC 6750 §3.1). It gives nil for a status that is no refusal: at
// most 399, or an error that is not about the token.
func JudgeAPI(status int, h http.Header, now time.Time) *Error {
	c, _ := Bearer(ParseChallenges(h))
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

type challengeParser struct{ rest string }

func (p *challengeParser) skip(set string) { p.rest = strings.TrimLeft(p.rest, set) }

func (p *challengeParser) word() string {
	n := 0
	for n < len(p.rest) && tokenChar(p.rest[n]) {
		n++
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return w
}

// challenge reads a scheme and all that belongs to it: up to the next word
// that is not followed by "=".
func (p *challengeParser) challenge() (Challenge, bool) {
	scheme := ""
	for scheme == "" {
		p.skip(" \t,")
		if p.rest == "" {
			return Challenge{}, false
		}
		if scheme = p.word(); scheme == "" {
			p.junk()
		}
	}
	c := Challenge{Scheme: scheme, Params: map[string]string{}}
	if t, ok := p.token68(); ok {
		c.Token68 = t
		return c, true
	}
	for p.param(c.Params) {
	}
	return c, true
}

// junk steps over what cannot start anything: a stray quoted string as one, so
// that its inside is never taken for a challenge, else one byte.
func (p *challengeParser) junk() {
	if p.rest[0] == '"' {
		p.quoted()
		return
	}
	p.rest = p.rest[1:]
}

func (p *challengeParser) token68() (string, bool) {
	s := strings.TrimLeft(p.rest, " \t")
	if len(s) == len(p.rest) {
		return "", false
	}
	n := 0
	for n < len(s) && (unreserved(rune(s[n])) || s[n] == '+' || s[n] == '/') {
		n++
	}
	start := n
	for n < len(s) && s[n] == '=' {
		n++
	}
	after := strings.TrimLeft(s[n:], " \t")
	if start == 0 || after != "" && after[0] != ',' {
		return "", false
	}
	p.rest = after
	return s[:n], true
}

// param reads one name=value; it leaves the input alone and gives false when
// what follows is the next challenge or nothing.
func (p *challengeParser) param(into map[string]string) bool {
	p.skip(" \t,")
	saved := p.rest
	name := p.word()
	if name == "" {
		if p.rest == "" {
			return false
		}
		p.junk()
		return true
	}
	p.skip(" \t")
	if !strings.HasPrefix(p.rest, "=") {
		p.rest = saved
		return false
	}
	p.rest = p.rest[1:]
	p.skip(" \t")
	var value string
	if strings.HasPrefix(p.rest, `"`) {
		value = p.quoted()
	} else {
		end := strings.IndexAny(p.rest, ", \t")
		if end < 0 {
			end = len(p.rest)
		}
		value, p.rest = p.rest[:end], p.rest[end:]
	}
	name = strings.ToLower(name)
	if _, repeated := into[name]; !repeated {
		into[name] = value
	}
	return true
}

// quoted reads a quoted string with its escapes; a missing end quote ends it
// at the end of the header.
func (p *challengeParser) quoted() string {
	var b strings.Builder
	i := 1
	for ; i < len(p.rest) && p.rest[i] != '"'; i++ {
		if p.rest[i] == '\\' && i+1 < len(p.rest) {
			i++
		}
		b.WriteByte(p.rest[i])
	}
	p.rest = p.rest[min(i+1, len(p.rest)):]
	return b.String()
}

func tokenChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
