package arrangement

import (
	"errors"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Unreachable keeps the dialer's own fault, which says most, and makes one otherwise.
func Unreachable(err error, where string) error {
	var found *fault.Error
	if errors.As(err, &found) {
		return found
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", where)
}
