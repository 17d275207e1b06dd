package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/oauth/challenge"
)

// newError begins an error about this answer.
func (r Response) newError(rules ResponseRules, code string, action Action, description string) *Error {
	return &Error{
		Code:        code,
		Description: description,
		Status:      r.Status,
		Action:      action,
		Grant:       rules.Asked.Grant,
		RetryAfter:  retryAfter(r.Header, r.Received),
		Evidence:    r.evidence(rules),
	}
}

// unreadable is a success that gives no usable token: the server has done what
// was asked, and a rotated refresh token may be in the bytes.
func (r Response) unreadable(rules ResponseRules, description string) *Error {
	e := r.newError(rules, CodeUnreadable, ActionUnknownOutcome, description)
	e.Salvage = r.Body
	return e
}

// redirected refuses to follow: the code or the secret would be sent to where
// the answer points.
func (r Response) redirected(rules ResponseRules) *Error {
	e := r.newError(rules, CodeRedirected, ActionConfigure, "the token endpoint redirects elsewhere; this is not followed, set its final URL")
	if to, err := url.Parse(r.Header.Get("Location")); err == nil && to.Host != "" {
		e.Evidence["location_host"] = sanitize(to.Host, nil)
	}
	return e
}

// failure reads an error answer (RFC 6749 §5.2), in the RFC's form or another,
// and classifies it. doc is nil when the body could not be read.
func (r Response) failure(doc any, rules ResponseRules, at Place) *Error {
	if r.Status >= 300 && r.Status < 400 {
		return r.redirected(rules)
	}
	redact := rules.Asked.Redact
	code, description := r.errorMember(doc, rules)
	suberror := errorCode(or(text(doc, "suberror"), text(doc, "error_subtype")))
	e := r.newError(rules, code, "", sanitize(description, redact))
	e.Suberror = suberror
	e.URI = errorURI(text(doc, "error_uri"))
	e.ErrorCodes = errorNumbers(doc)
	e.Action = Classify(Signal{At: at, Code: code, Suberror: suberror, Status: r.Status, Grant: rules.Asked.Grant})
	if at == AtToken && !clientCode(strings.ToLower(code)) && rules.AuthError.matches(r.Status, doc) {
		e.Action = Classify(Signal{At: at, Code: "invalid_grant", Grant: rules.Asked.Grant})
	}
	if at == AtToken && rules.Asked.DeadGrant.matches(r.Status, code) {
		e.Action = ActionReauthorize
	}
	if code == "" {
		e.Code = CodeHTTPStatus
		if e.Description != "" {
			e.Code = CodeUnrecognized
		}
	}
	if doc == nil && len(r.Body) > 0 {
		e.Evidence["body"] = r.excerpt(rules)
	}
	if e.Description == "" && e.Code == CodeHTTPStatus {
		e.Description = "the server answered " + strings.ToLower(or(http.StatusText(r.Status), "with an unknown status"))
	}
	return e
}

// errorMember finds the error code and the text for people.
func (r Response) errorMember(doc any, rules ResponseRules) (code, description string) {
	if w := rules.ErrorWhen; w != nil && w.Error != "" {
		v, _ := lookup(doc, w.Error)
		s, _ := scalarText(v)
		if code = errorCode(s); code == "" {
			description = s
		}
	}
	for _, pointer := range []string{"error", "error/code", "error/type", "error/status", "error_code", "errorCode", "code", "status"} {
		s := text(doc, pointer)
		if code == "" && !generic(s) {
			code = errorCode(s)
		}
	}
	for _, pointer := range []string{"error_description", "error/message", "error_message", "message", "errmsg", "msg", "detail", "reason", "error"} {
		if s := text(doc, pointer); description == "" && s != code {
			description = s
		}
	}
	if code == "" {
		c, _ := challenge.Bearer(challenge.Parse(r.Header))
		code = errorCode(c.Params["error"])
	}
	return code, description
}

// generic words say that there is an error, not which.
func generic(s string) bool {
	return slices.Contains([]string{"error", "fail", "failed", "failure", "false", "true", "ok"}, strings.ToLower(s))
}

// reportsError tells whether a success status holds an error after all. An
// error member that is empty, null, false or 0 reports none.
func reportsError(doc any) bool {
	v, _ := lookup(doc, "error")
	switch v := v.(type) {
	case string:
		return v != "" && v != "0"
	case map[string]any:
		return len(v) > 0
	case bool:
		return v
	}
	return false
}

func errorNumbers(doc any) []string {
	v, _ := lookup(doc, "error_codes")
	list, _ := v.([]any)
	var out []string
	for _, one := range list[:min(len(list), 16)] {
		if s, ok := scalarText(one); ok && errorCode(s) != "" {
			out = append(out, s)
		}
	}
	return out
}

// evidence gathers what the server's support will ask for.
func (r Response) evidence(rules ResponseRules) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"Date", "Content-Type", "X-Request-Id", "Request-Id", "X-Correlation-Id"} {
		if v := sanitize(r.Header.Get(name), rules.Asked.Redact); v != "" {
			out[strings.ReplaceAll(strings.ToLower(name), "-", "_")] = v
		}
	}
	doc, err := r.document(rules.Format)
	if err != nil {
		return out
	}
	for _, name := range []string{"trace_id", "correlation_id", "timestamp", "request_id"} {
		if v := sanitize(text(doc, name), rules.Asked.Redact); v != "" {
			out[name] = v
		}
	}
	// A claims challenge is passed on as it is, so it is bounded and printable
	// but not blanked.
	if claims := text(doc, "claims"); claims != "" && len(claims) <= maxEvidence {
		out["claims"] = printable(claims)
	}
	return out
}

// excerpt is the scrubbed start of a body that is no error document.
func (r Response) excerpt(rules ResponseRules) string {
	return sanitize(string(r.Body[:min(len(r.Body), maxText)]), rules.Asked.Redact)
}
