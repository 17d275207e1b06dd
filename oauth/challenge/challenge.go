package challenge

import (
	"net/http"
	"strings"
)

// Challenge is one challenge of a WWW-Authenticate header (RFC 9110 §11.3,
// RFC 6750 §3).
type Challenge struct {
	Scheme  string            // as received; compare case-insensitively
	Params  map[string]string // names in lower case; of a repeated one the first counts
	Token68 string            // the one value of schemes that have no parameters
}

const maxChallenges = 32

// Parse reads every challenge of every WWW-Authenticate header, in
// order. Whatever cannot be read is skipped; nothing is an error.
func Parse(h http.Header) []Challenge {
	var all []Challenge
	for _, line := range h.Values("WWW-Authenticate") {
		p := parser{rest: line}
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

type parser struct{ rest string }

func (p *parser) skip(set string) { p.rest = strings.TrimLeft(p.rest, set) }

func (p *parser) word() string {
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
func (p *parser) challenge() (Challenge, bool) {
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
func (p *parser) junk() {
	if p.rest[0] == '"' {
		p.quoted()
		return
	}
	p.rest = p.rest[1:]
}

func (p *parser) token68() (string, bool) {
	s := strings.TrimLeft(p.rest, " \t")
	if len(s) == len(p.rest) {
		return "", false
	}
	n := 0
	for n < len(s) && (alphanumeric(s[n]) || strings.IndexByte("-._~+/", s[n]) >= 0) {
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
func (p *parser) param(into map[string]string) bool {
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
func (p *parser) quoted() string {
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

// IsToken reports whether s is a token: the syntax of header names and of
// schemes (RFC 9110 §5.6.2).
func IsToken(s string) bool {
	for i := range len(s) {
		if !tokenChar(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenChar(c byte) bool {
	return alphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
