package call

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// tell adds to the error of a call that brought no answer whether the caller
// may send it again: the API may have done what it asks, and would do so twice.
func (f failure) tell(o *outgoing, err error) error {
	shown, ok := err.(*fault.Error) //nolint:errorlint // an error that wraps one says more than that one
	if !ok || shown.Code != api.CodeUnreachable {
		return err
	}
	safe := f.repeatable(o) || oauth.ClassifyTransport(shown.Cause, true).Code != oauth.CodeUnknownOutcome
	told := *shown
	told.RetrySafe = &safe
	return &told
}
