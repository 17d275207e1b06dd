package authorize

import (
	"context"
	"errors"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// denied is for an authorization that the provider answered with an error. The
// connection keeps what it has (RFC 6749 section 4.1.2.1).
func (f *Flows) denied(a arrangement.Arrangement, response oauth.AuthorizationResponse) error {
	refused, err := refusal(response)
	if err != nil {
		return err
	}
	_, code := arrangement.Consequence(refused)
	return f.authorizationFault(a, refused, code)
}

// refusal is the error of an answer. A redirect has no place for a vendor's
// number but the beginning of its description, where Entra writes it.
func refusal(response oauth.AuthorizationResponse) (*oauth.Error, error) {
	var refused *oauth.Error
	if !errors.As(response.Failure(), &refused) {
		return nil, response.Failure()
	}
	if number, _, found := strings.Cut(refused.Description, ":"); found && strings.HasPrefix(number, "AADSTS") {
		refused.ErrorCodes = []string{number}
	}
	return refused, nil
}

// codeRefused is for a code that could not be redeemed. A client that is
// refused is parked as in a renewal.
func (f *Flows) codeRefused(ctx context.Context, a arrangement.Arrangement, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err
	}
	_, code := arrangement.Consequence(refused)
	if refused.ClientWide() {
		if err := f.desk.ParkClient(ctx, a.Client.Name, f.desk.Cause(a, refused)); err != nil {
			return err
		}
	}
	return f.authorizationFault(a, refused, code)
}

func (f *Flows) authorizationFault(a arrangement.Arrangement, refused *oauth.Error, code api.Code) error {
	cause := f.desk.Cause(a, refused)
	shown := arrangement.CauseFault(code, a.Connection.Name, cause)
	shown.Cause = refused
	return shown
}

// causeCode is the provider's error code behind a fault, or the fault's own.
func causeCode(err error) string {
	var refused *oauth.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return string(fault.As(err).Code)
}
