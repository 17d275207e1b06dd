package api

import "strings"

// Code names a kind of failure. It is stable: scripts may compare it.
type Code string

// The codes of the REST API. Each is also one exit code of the command line.
const (
	CodeInternal           Code = "internal"            // a defect of ours, or the machine failed us
	CodeInvalid            Code = "invalid_request"     // the request is wrong as it stands
	CodeNotFound           Code = "not_found"           // no such thing, or the caller may not know of it
	CodeConflict           Code = "conflict"            // the thing is in use, or changed meanwhile
	CodeUnauthenticated    Code = "unauthenticated"     // no key, or one that is unknown, expired or revoked
	CodeForbidden          Code = "not_allowed"         // the key's role does not reach this far
	CodeNeedsAuthorization Code = "needs_authorization" // a person must authorize the connection
	CodeNeedsConfiguration Code = "needs_configuration" // the operator must change a setting
	CodeBlocked            Code = "blocked"             // an administrator at the provider must act
	CodeRevoked            Code = "revoked"             // the grant was given up on purpose
	CodeUnreachable        Code = "unreachable"         // the provider or API cannot be reached
	CodeUpstream           Code = "upstream_error"      // the API answered 400 or above
	CodeRateLimited        Code = "rate_limited"        // the API takes no more for now, and the call was not sent
	CodeUnavailable        Code = "unavailable"         // Valetkey itself cannot serve just now
)

// Problem is the body of every error answer (RFC 9457, application/problem+json).
type Problem struct {
	Type      string `json:"type,omitempty"`   // about:blank unless a page explains more
	Title     string `json:"title"`            // what kind of failure, in words
	Status    int    `json:"status,omitempty"` // the HTTP status
	Code      Code   `json:"code"`
	Detail    string `json:"detail,omitempty"` // what happened here; never a secret
	Hint      string `json:"hint,omitempty"`   // the command or setting that mends it
	RequestID string `json:"request_id,omitempty"`
	// RetrySafe says of a call that brought no answer whether it may be sent
	// again: false when it may have been carried out and would be a second time.
	RetrySafe *bool `json:"retry_safe,omitempty"`
}

// Error makes a Problem an error, so that the SDK can return it.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return strings.ToLower(p.Title)
	}
	return p.Detail
}

// Cause says why a connection or client is not active.
type Cause struct {
	Code   string `json:"code"`             // the provider's error code, or ours
	Title  string `json:"title"`            // the cause in a few words
	Detail string `json:"detail,omitempty"` // what was observed, with the provider's own words
	Remedy string `json:"remedy,omitempty"` // what to change, where
	// StepUp is what the API asks of the next authorization, which asks for it by
	// itself. Until then calls that need no more go on.
	StepUp *StepUp `json:"step_up,omitempty"`
}
