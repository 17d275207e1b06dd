package oauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Place is where an error was met: the same code means different things there.
type Place int

// The places an error can come from.
const (
	AtToken         Place = iota // the token endpoint, RFC 6749 §5.2
	AtAuthorization              // the redirect, RFC 6749 §4.1.2.1
	AtAPI                        // a protected resource, RFC 6750 §3.1
	AtRevocation                 // RFC 7009 §2.2.1
)

// Signal is what is known of a failure that came as an HTTP answer.
type Signal struct {
	At       Place
	Code     string // error, empty when there was none
	Suberror string
	Status   int       // 0 on the redirect
	Grant    GrantType // of the token request
}

// Classify says what a failure calls for. It is the one table of the program:
// first the finer code, then the code, then the status.
func Classify(s Signal) Action {
	code := strings.ToLower(s.Code)
	if a := bySuberror(strings.ToLower(s.Suberror)); a != "" {
		return a
	}
	if a := byPlace(s, code); a != "" {
		return a
	}
	if a := byCode(code); a != "" {
		return a
	}
	return byStatus(s)
}

func bySuberror(suberror string) Action {
	switch suberror {
	case "bad_token", "token_expired", "consent_required", "basic_action", "additional_action",
		"message_only", "user_password_expired", "invalid_rapt":
		return ActionReauthorize
	case "client_mismatch", "device_authentication_failed", "protection_policy_required":
		return ActionAdmin
	}
	return ""
}

// byPlace holds the codes whose meaning depends on where they were met.
func byPlace(s Signal, code string) Action {
	switch {
	case code == "invalid_grant":
		// A code, a refresh token or a password is a person's grant; anything
		// else was made by us, of a key, a clock and a subject.
		switch s.Grant {
		case GrantAuthorizationCode, GrantRefreshToken, GrantPassword, "":
			return ActionReauthorize
		}
		return ActionConfigure
	case code == "access_denied" && s.At == AtAuthorization:
		return ActionReauthorize
	case code == "access_denied":
		return ActionConfigure
	case s.At == AtAPI && (code == CodeInvalidToken || code == "insufficient_claims" || code == "expired_token"):
		return ActionRefresh
	}
	return ""
}

func byCode(code string) Action {
	switch code {
	case "server_error", "temporarily_unavailable", "internal_failure", "internal_error", "service_unavailable",
		"authorization_pending", "slow_down", "use_dpop_nonce":
		return ActionRetry
	case "interaction_required", "login_required", "account_selection_required", "consent_required",
		"authorization_declined", "expired_token", "insufficient_scope", "insufficient_user_authentication",
		"bad_verification_code", "bad_refresh_token", "invalid_refresh_token", "token_revoked":
		return ActionReauthorize
	case "unmet_authentication_requirements", "admin_policy_enforced", "org_internal":
		return ActionAdmin
	case "unauthorized_client", "unsupported_grant_type", "unsupported_response_type", "invalid_scope",
		"invalid_target", "invalid_resource", "invalid_authorization_details", "unsupported_token_type",
		"redirect_uri_mismatch":
		return ActionConfigure
	case CodeInvalidRequest, "invalid_dpop_proof":
		return ActionBug
	}
	if clientCode(code) {
		return ActionConfigure
	}
	return ""
}

// clientCode tells the codes that condemn the registration, not the grant.
func clientCode(code string) bool {
	switch code {
	case "invalid_client", "incorrect_client_credentials", "invalid_client_id", "invalid_client_secret",
		"bad_client_secret", "deleted_client", CodeInvalidClientKey:
		return true
	}
	return false
}

func byStatus(s Signal) Action {
	switch {
	case s.Status == http.StatusUnauthorized && s.At == AtAPI:
		return ActionRefresh
	case s.Status == http.StatusForbidden && s.At == AtAPI:
		return ActionAdmin
	case s.Status == http.StatusNotImplemented, s.Status == http.StatusHTTPVersionNotSupported:
		return ActionConfigure
	case s.Status == http.StatusRequestTimeout, s.Status == http.StatusTooEarly,
		s.Status == http.StatusTooManyRequests, s.Status >= 500:
		return ActionRetry
	}
	return ActionConfigure
}

// ClassifyTransport judges a request that got no answer at all. sent tells
// whether any of the request may have left: httptrace's WroteRequest is the
// usual witness. A failure to dial is known to be unsent whatever sent says. An
// *Error inside err is given back as it is.
func ClassifyTransport(err error, sent bool) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	e := &Error{Code: CodeUnreachable, Action: ActionRetry, Description: describe(err), cause: err}
	var op *net.OpError
	dialing := errors.As(err, &op) && op.Op == "dial"
	var dns *net.DNSError
	switch {
	case certificateProblem(err):
		e.Code, e.Action = CodeTLSFailure, ActionConfigure
	case strings.Contains(e.Description, http.StatusText(http.StatusProxyAuthRequired)):
		e.Code, e.Action = CodeProxyFailure, ActionConfigure
	case sent && !dialing && !errors.As(err, &dns):
		e.Code, e.Action = CodeUnknownOutcome, ActionUnknownOutcome
	}
	return e
}

func certificateProblem(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
		roots        x509.SystemRootsError
		plain        tls.RecordHeaderError
		alert        *net.OpError
	)
	if errors.As(err, &alert) && alert.Op == "remote error" && strings.Contains(alert.Error(), "certificate") {
		return true // the server's word about ours, before it read a request (RFC 8446 §6.2)
	}
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || errors.As(err, &roots) || errors.As(err, &plain)
}

// describe leaves the URL out: its query may hold what must not be shown.
func describe(err error) string {
	var wrapped *url.Error
	for errors.As(err, &wrapped) && wrapped.Err != nil {
		err = wrapped.Err
	}
	switch {
	case err == nil:
		return "no answer"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "the request was given up"
	}
	return sanitize(err.Error(), nil)
}
