package fault

import "github.com/valetkey/valetkey/api"

// Title says in words what kind of failure a code is.
func Title(code api.Code) string {
	switch code {
	case api.CodeInvalid:
		return "The request is not valid"
	case api.CodeNotFound:
		return "No such thing"
	case api.CodeConflict:
		return "In conflict with what is there"
	case api.CodeUnauthenticated:
		return "A valid key is needed"
	case api.CodeForbidden:
		return "Not allowed"
	case api.CodeNeedsAuthorization:
		return "A person must authorize this connection"
	case api.CodeNeedsConfiguration:
		return "A setting must be changed"
	case api.CodeBlocked:
		return "An administrator at the provider must act"
	case api.CodeRevoked:
		return "The connection was revoked"
	case api.CodeUnreachable:
		return "The provider or API cannot be reached"
	case api.CodeUpstream:
		return "The API answered with an error"
	case api.CodeRateLimited:
		return "Too many requests"
	case api.CodeUnavailable:
		return "Not available just now"
	default:
		return "Internal error"
	}
}

// Status is the HTTP status that carries a code. The states of a connection
// are conflicts (409): the request is fine, the connection is not.
func Status(code api.Code) int {
	switch code {
	case api.CodeInvalid:
		return 400
	case api.CodeUnauthenticated:
		return 401
	case api.CodeForbidden:
		return 403
	case api.CodeNotFound:
		return 404
	case api.CodeConflict, api.CodeNeedsAuthorization, api.CodeNeedsConfiguration, api.CodeBlocked, api.CodeRevoked:
		return 409
	case api.CodeUnreachable, api.CodeUpstream:
		return 502
	case api.CodeRateLimited:
		return 429
	case api.CodeUnavailable:
		return 503
	default:
		return 500
	}
}
