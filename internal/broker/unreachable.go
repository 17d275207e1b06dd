package broker

import (
	"errors"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// unreachable keeps the dialer's own fault, which says most, and makes one otherwise.
func unreachable(err error, where string) error {
	var found *fault.Error
	if errors.As(err, &found) {
		return found
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", where)
}
