package celigo

import (
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

// calls reads what a connection says of the calls of its API.
func (r *reader) calls(http draft.Value) api.CallSettings {
	s := api.CallSettings{BaseURL: r.text(http.Get("baseURI"))}
	for _, header := range http.Get("headers").Items() {
		name, value := header.Get("name").Text(), r.text(header.Get("value"))
		if name == "" || value == "" || strings.EqualFold(name, "Authorization") {
			continue
		}
		if s.Headers == nil {
			s.Headers = make(map[string]string)
		}
		s.Headers[name] = value
	}
	s.Token = r.placement(http.At("auth", "token"))
	if rule, ok := rule(http.Get("auth")); ok {
		s.AuthError = &api.AuthErrorRules{AnswerRule: rule}
	}
	s.RateLimit = r.limit(http)
	s.Test = r.ping(http.Get("ping"))
	r.media(http)
	return s
}

// placement says where the token goes.
func (r *reader) placement(t draft.Value) *api.TokenPlacement {
	var p api.TokenPlacement
	switch strings.ToLower(t.Get("location").Text()) {
	case "url":
		p.In, p.Name = api.StringList{api.InQuery}, t.Get("paramName").Text()
	case "body":
		r.note(t, "a token in the body", "it is a template there", "set api.token: {in: body, name: …} of the connection")
	default:
		if name := t.Get("headerName").Text(); name != "" && !strings.EqualFold(name, "Authorization") {
			p.Name = name
		}
	}
	if scheme := t.Get("scheme"); scheme.Exists() && len(p.In) == 0 {
		text := strings.TrimSpace(scheme.Text())
		if strings.EqualFold(text, "custom") {
			text = t.Get("customAuthScheme").Text()
		}
		if !strings.EqualFold(text, "Bearer") {
			p.Scheme = &text
		}
	}
	if len(p.In) == 0 && p.Name == "" && p.Scheme == nil {
		return nil
	}
	return &p
}

// rule reads failStatusCode, failPath and failValues.
func rule(v draft.Value) (api.AnswerRule, bool) {
	var a api.AnswerRule
	for _, text := range v.Get("failStatusCode").Texts() {
		for _, part := range draft.Scopes(text) {
			if status, err := strconv.Atoi(part); err == nil && status >= 200 && status < 600 {
				a.Statuses = append(a.Statuses, status)
			}
		}
	}
	a.Path = pointer(v.Get("failPath").Text(), "")
	if a.Path != "" {
		a.Values = v.Get("failValues").Texts()
	}
	return a, len(a.Statuses) > 0 || a.Path != ""
}

func (r *reader) limit(http draft.Value) *api.RateLimitRules {
	v := http.Get("rateLimit")
	var l api.RateLimitRules
	l.AnswerRule, _ = rule(v)
	l.RetryAfterHeader = v.Get("retryHeader").Text()
	if ms, err := strconv.Atoi(v.Get("limit").Text()); err == nil && ms > 0 && ms < 1_000_000 {
		l.MinInterval = api.Duration(int64(ms) * 1e6)
	}
	l.Concurrency = concurrency(http.Get("concurrencyLevel"))
	if target := concurrency(http.Get("targetConcurrencyLevel")); target > 0 {
		adaptive := true
		l.Adaptive = &adaptive
		l.Concurrency = max(l.Concurrency, target)
	}
	if len(l.Statuses) == 0 && l.Path == "" && l.RetryAfterHeader == "" && l.MinInterval == 0 && l.Concurrency == 0 {
		return nil
	}
	return &l
}

func concurrency(v draft.Value) int {
	n, err := strconv.Atoi(v.Text())
	if err != nil || n < 1 {
		return 0
	}
	return min(n, 50)
}

func (r *reader) ping(v draft.Value) *api.TestRequest {
	path := r.text(v.Get("relativeURI"))
	if !v.IsMap() || path == "" {
		return nil
	}
	for _, key := range []string{"body", "successPath", "successValues", "failPath", "failValues", "errorPath"} {
		if member := v.Get(key); member.Exists() && (member.Text() != "" || len(member.Texts()) > 0) {
			r.note(member, "what the test sends or looks for", "a test here looks at the status", "look at its answer once: valetkey test NAME")
		}
	}
	method := strings.ToUpper(v.Get("method").Text())
	if method == "GET" {
		method = ""
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return &api.TestRequest{Method: method, Path: path}
}

func (r *reader) media(http draft.Value) {
	for _, key := range []string{"mediaType", "successMediaType", "errorMediaType"} {
		if text := http.Get(key).Text(); text != "" && text != "json" {
			r.note(http.Get(key), key+", which is not JSON", "a caller says by its Content-Type and Accept what it sends and wants", "set api.headers of the connection")
		}
	}
	if http.Get("disableStrictSSL").Bool() {
		r.note(http.Get("disableStrictSSL"), "certificates that are not checked", "Valetkey checks them always", "set api.tls.ca of the connection to the API's authority or certificate")
	}
}
