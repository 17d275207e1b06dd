package api

import "cmp"

// AnswerRule picks answers of an API by their status and by what stands in
// them. An answer is picked when
//
//   - its status is listed and says so by itself (401 for a refused token, 429
//     for a limit), or
//   - its status is listed, or no status is, and the member at Path of its JSON
//     body or its field Header holds one of Values; or
//   - its status is listed and neither Path nor Header is set.
type AnswerRule struct {
	Statuses []int      `json:"statuses,omitempty"`
	Path     string     `json:"path,omitempty"`   // JSON pointer into the body (RFC 6901); a bare name x means /x
	Header   string     `json:"header,omitempty"` // name of a header field
	Values   StringList `json:"values,omitempty"` // any of them, upper or lower case; none: it is there
}

// AuthErrorRules says which answers of an API mean that it refuses the token:
// 401 unless Statuses says otherwise, and invalid_token in WWW-Authenticate
// (RFC 6750 section 3.1). The token is then renewed, and the request sent again.
type AuthErrorRules struct {
	AnswerRule
	LoginPage *bool `json:"login_page,omitempty"` // a web page, or a redirect to the authorization server, means it too
}

// The modes of [RetryRules].
const (
	RetryNone   = "none"   // never
	RetryStatus = "status" // the listed statuses, and once a connection that broke off
	RetryAny    = "any"    // every answer of 400 or above, and every network failure
)

// RetryRules says which requests are sent again after a failure. Whatever it
// says, a request is sent again only when that cannot do a thing twice: GET,
// HEAD, OPTIONS, TRACE, one of Methods, one with an Idempotency-Key, or when the
// answer says that nothing was done (429, or 503 with a Retry-After).
type RetryRules struct {
	Mode         string   `json:"mode,omitempty"`          // none, status (default), any
	Statuses     []int    `json:"statuses,omitempty"`      // default 429 and 503
	Methods      []string `json:"methods,omitempty"`       // further methods that may be sent twice, such as PUT and DELETE
	Max          *int     `json:"max,omitempty"`           // retries of one call; default 5, at most 20
	Wait         Duration `json:"wait,omitempty"`          // before the first retry when the API names no time; default 1s
	MultiplyWait *bool    `json:"multiply_wait,omitempty"` // double the wait with each retry; default true
	MaxWait      Duration `json:"max_wait,omitempty"`      // how long one call may take before its last attempt; default 60s
	Header       string   `json:"header,omitempty"`        // field that says when to try again; default Retry-After and its kin
	BodyPath     string   `json:"body_path,omitempty"`     // JSON pointer to the member that says it
}

// RateLimitRules says how much an API takes at a time, and how it says that it
// was too much (429 unless Statuses says otherwise). What is held back waits in
// line.
type RateLimitRules struct {
	AnswerRule
	RetryAfterHeader string   `json:"retry_after_header,omitempty"` // field that says when to go on; default Retry-After and its kin
	MinInterval      Duration `json:"min_interval,omitempty"`       // between the beginnings of two requests
	Requests         int      `json:"requests,omitempty"`           // in any span of Per
	Per              Duration `json:"per,omitempty"`                // default 1m
	Concurrency      int      `json:"concurrency,omitempty"`        // requests under way at once, 1 to 50; default 25
	Adaptive         *bool    `json:"adaptive,omitempty"`           // halve the concurrency at each limit answer, and grow again
	SharedWith       string   `json:"shared_with,omitempty"`        // connection, or any name, whose budget this is; template
	Queue            int      `json:"queue,omitempty"`              // requests that may wait in line; default 256
	Observe          *bool    `json:"observe,omitempty"`            // a limit answer holds no other call back
}

func (r AnswerRule) merge(over AnswerRule) AnswerRule {
	return AnswerRule{
		Statuses: mergeList(r.Statuses, over.Statuses),
		Path:     cmp.Or(over.Path, r.Path),
		Header:   cmp.Or(over.Header, r.Header),
		Values:   mergeList(r.Values, over.Values),
	}
}

func (r AuthErrorRules) merge(over AuthErrorRules) AuthErrorRules {
	return AuthErrorRules{
		AnswerRule: r.AnswerRule.merge(over.AnswerRule),
		LoginPage:  cmp.Or(over.LoginPage, r.LoginPage),
	}
}

func (r RetryRules) merge(over RetryRules) RetryRules {
	return RetryRules{
		Mode:         cmp.Or(over.Mode, r.Mode),
		Statuses:     mergeList(r.Statuses, over.Statuses),
		Methods:      mergeList(r.Methods, over.Methods),
		Max:          cmp.Or(over.Max, r.Max),
		Wait:         cmp.Or(over.Wait, r.Wait),
		MultiplyWait: cmp.Or(over.MultiplyWait, r.MultiplyWait),
		MaxWait:      cmp.Or(over.MaxWait, r.MaxWait),
		Header:       cmp.Or(over.Header, r.Header),
		BodyPath:     cmp.Or(over.BodyPath, r.BodyPath),
	}
}

func (r RateLimitRules) merge(over RateLimitRules) RateLimitRules {
	return RateLimitRules{
		AnswerRule:       r.AnswerRule.merge(over.AnswerRule),
		RetryAfterHeader: cmp.Or(over.RetryAfterHeader, r.RetryAfterHeader),
		MinInterval:      cmp.Or(over.MinInterval, r.MinInterval),
		Requests:         cmp.Or(over.Requests, r.Requests),
		Per:              cmp.Or(over.Per, r.Per),
		Concurrency:      cmp.Or(over.Concurrency, r.Concurrency),
		Adaptive:         cmp.Or(over.Adaptive, r.Adaptive),
		SharedWith:       cmp.Or(over.SharedWith, r.SharedWith),
		Queue:            cmp.Or(over.Queue, r.Queue),
		Observe:          cmp.Or(over.Observe, r.Observe),
	}
}
