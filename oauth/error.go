package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Action is what has to happen, and who does it, before the request that
// failed can succeed.
type Action string

const (
	// ActionRetry sends the same request again after a back-off.
	ActionRetry Action = "retry"
	// ActionRefresh mints a new access token with the stored grant.
	ActionRefresh Action = "refresh"
	// ActionReauthorize needs a person to authorize again.
	ActionReauthorize Action = "reauthorize"
	// ActionAdmin needs an administrator of the tenant.
	ActionAdmin Action = "admin"
	// ActionConfigure needs the operator to change a setting.
	ActionConfigure Action = "configure"
	// ActionBug is a fault of the program that built the request.
	ActionBug Action = "bug"
	// ActionUnknownOutcome means the server may have done what was asked, a
	// rotation included: sending the same again can destroy the grant.
	ActionUnknownOutcome Action = "unknown_outcome"
)

// Codes of our own, for failures that no RFC names.
const (
	CodeUnreachable      = "unreachable"         // nothing was sent
	CodeUnknownOutcome   = "unknown_outcome"     // sent, no whole answer
	CodeTLSFailure       = "tls_failure"         // certificate or protocol
	CodeProxyFailure     = "proxy_failure"       // the way there wants credentials
	CodeInvalidResponse  = "invalid_response"    // an answer that cannot be used
	CodeUnreadable       = "unreadable_response" // an answer that may hold a token, and cannot be parsed
	CodeTooLarge         = "response_too_large"  // over 1 MiB decompressed
	CodeRedirected       = "redirected"          // 3xx where none belongs
	CodeHTTPStatus       = "http_status"         // a status and no error code
	CodeUnrecognized     = "unrecognized_error"  // error text that is not a code
	CodeInvalidToken     = "invalid_token"       // RFC 6750 §3.1
	CodeTokenType        = "unknown_token_type"  // RFC 6749 §7.1
	CodeInvalidEndpoint  = "invalid_endpoint"    // not https, not absolute
	CodeInvalidRequest   = "invalid_request"     // RFC 6749 §5.2
	CodeInvalidMetadata  = "invalid_metadata"    // RFC 8414 §3.2
	CodeIssuerMismatch   = "issuer_mismatch"     // RFC 8414 §3.3, RFC 9207 §2.4
	CodeStateMismatch    = "state_mismatch"      // RFC 6749 §10.12
	CodeDuplicate        = "duplicate_parameter" // RFC 6749 §3.1
	CodeInvalidClientKey = "incomplete_client"   // our own registration lacks a part
)

// Error is the one error of this package: what failed, in words that are safe
// to show, and the Action it calls for. Every string in it is printable and
// bounded; none holds a secret.
type Error struct {
	Code        string        // the RFC's error code, a server's own, or one of ours
	Description string        // at most 512 bytes
	URI         string        // error_uri, http or https only
	Suberror    string        // a finer code, where the server has one
	ErrorCodes  []string      // the server's numbers, for explanations only
	Status      int           // HTTP status; 0 when there was none
	Action      Action        // what has to happen
	Grant       GrantType     // the grant of the token request, if it was one
	RetryAfter  time.Duration // the server's hint; 0 when it gave none
	// Evidence holds what a server's support asks for (trace_id,
	// correlation_id, timestamp, date, content_type), claims to pass on, and
	// the scrubbed start of a body that has no error code.
	Evidence map[string]string
	// Salvage is an answer with a success status that could not be read. It
	// may hold the only copy of a rotated refresh token: seal it and store it.
	// It redacts itself.
	Salvage Salvage

	cause error
}

// Error says what failed in one line, without secrets.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if e.Suberror != "" {
		b.WriteString("/" + e.Suberror)
	}
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	}
	if e.Status != 0 {
		b.WriteString(" (HTTP " + strconv.Itoa(e.Status) + ")")
	}
	return b.String()
}

// Unwrap gives the transport failure behind the error, if there was one. Its
// own text may name a URL: show Error, not the cause.
func (e *Error) Unwrap() error { return e.cause }

// ClientWide reports whether the failure is one of the client's registration
// and so of every connection under it: no grant is lost by it.
func (e *Error) ClientWide() bool {
	return e.Action == ActionConfigure &&
		(clientCode(strings.ToLower(e.Code)) || e.Code == CodeHTTPStatus && e.Status == 401)
}

// Words are what an error of this package says, without its code: safe to
// show. Any other error is only said to be not well-formed.
func Words(err error) string {
	var known *Error
	if errors.As(err, &known) && known.Description != "" {
		return known.Description
	}
	return "it is not well-formed"
}

// GoString redacts: %#v of an error shows no more than %v.
func (e *Error) GoString() string { return "oauth.Error{" + strconv.Quote(e.Error()) + "}" }

// LogValue gives the parts that belong in a log.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("code", e.Code),
		slog.String("description", e.Description),
		slog.Int("status", e.Status),
		slog.String("action", string(e.Action)),
	)
}

// Salvage is the raw body of an answer that could not be read. It prints as a
// redaction; convert it to []byte to seal it.
type Salvage []byte

// String hides the bytes and tells how many there are.
func (s Salvage) String() string { return fmt.Sprintf("[%d bytes withheld]", len(s)) }

// Format hides the bytes for every verb.
func (s Salvage) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalJSON hides the bytes.
func (s Salvage) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// LogValue hides the bytes.
func (s Salvage) LogValue() slog.Value { return slog.StringValue(s.String()) }

func misconfigured(code, description string) *Error {
	return &Error{Code: code, Description: description, Action: ActionConfigure}
}

func refused(code, description string) *Error {
	return &Error{Code: code, Description: description, Action: ActionReauthorize}
}

const (
	maxText = 512
	maxCode = 64
)

// secretShaped finds what no message for people needs: JWTs and runs of token
// characters longer than a GUID.
var secretShaped = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+|[A-Za-z0-9_+/=-]{40,}`)

// sanitize makes received text fit to be shown (RFC 6749 §10.14): printable,
// on one line, at most 512 bytes, with secret-shaped runs and the given
// secrets blanked. Escaping for HTML stays the page's duty.
func sanitize(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) >= 4 {
			s = strings.ReplaceAll(s, secret, "[redacted]")
		}
	}
	if len(s) > 8*maxText {
		s = s[:8*maxText]
	}
	s = secretShaped.ReplaceAllString(s, "[redacted]")
	var b strings.Builder
	space := true
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) || r == ' ' {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		if b.Len()+utf8.RuneLen(r) > maxText {
			break
		}
		b.WriteRune(r)
		space = false
	}
	return strings.TrimRight(b.String(), " ")
}

// errorCode gives s if it is fit to be a code; text with spaces or symbols is
// a message, not a code.
func errorCode(s string) string {
	if s == "" || len(s) > maxCode {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alnum && !strings.ContainsRune("_-.:/", rune(c)) {
			return ""
		}
	}
	return s
}

// errorURI lets only web addresses through: anything else is a script or a
// file when a person clicks it.
func errorURI(s string) string {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || strings.ContainsAny(s, "\"'<>`\\ ") {
		return ""
	}
	if clean := sanitize(s, nil); clean == s {
		return s
	}
	return ""
}
