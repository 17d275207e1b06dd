package discovery

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// reachPatience bounds one look at whether somebody answers.
const reachPatience = 10 * time.Second

// Reach says why nobody answers at an address. Any answer is good: an endpoint
// refuses a GET that says nothing, and that it does so shows it is there. The
// error has [api.CodeUnreachable], or is the dialer's own.
func (s *Servers) Reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, reachPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return unusable(err, "the address "+address)
	}
	response, err := s.client.Do(request)
	if err != nil {
		var dialing *fault.Error
		if errors.As(err, &dialing) {
			return dialing
		}
		return fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", address).
			WithHint("look at its spelling, and whether this server may go there")
	}
	return response.Body.Close()
}
