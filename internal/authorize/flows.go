package authorize

import (
	"context"
	"crypto/sha256"

	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// Flows begins and finishes authorizations. Make one with [New].
type Flows struct {
	// Accept judges who authorized in a flow, before anything is saved; nil:
	// anybody may. It is set before the first flow.
	Accept func(ctx context.Context, flow string, who idtoken.Account) error
	// Consented hears that an administrator consented in a flow, before anything
	// of it is kept, and may refuse. next is the flow that goes on in its place;
	// "": none. Nil: nobody hears. It is set before the first flow.
	Consented func(ctx context.Context, flow, next string) error

	desk      *arrangement.Desk
	publicURL string
	origins   []string
	polls     polls
}

// New returns the authorizations of a desk. publicURL is what browsers see;
// returnOrigins are the origins a flow may return to besides it.
func New(desk *arrangement.Desk, publicURL string, returnOrigins []string) *Flows {
	return &Flows{desk: desk, publicURL: publicURL, origins: returnOrigins}
}

func hash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
