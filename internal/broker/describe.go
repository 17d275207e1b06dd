package broker

import (
	"errors"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// describe gives the words of an oauth error without its code.
func describe(err error) string {
	var known *oauth.Error
	if errors.As(err, &known) && known.Description != "" {
		return known.Description
	}
	return "it is not well-formed"
}

// unreachable keeps the dialer's own fault, which says most, and makes one otherwise.
func unreachable(err error, where string) error {
	var found *fault.Error
	if errors.As(err, &found) {
		return found
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", where)
}
