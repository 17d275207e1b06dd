package arrangement

import (
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth/register"
)

// Registration opens how a client was registered by itself (RFC 7591); zero for
// one that was registered by hand.
func (d *Desk) Registration(c ledger.Client) (register.Registration, error) {
	if len(c.Registration) == 0 {
		return register.Registration{}, nil
	}
	text, err := d.Keyring.Open(c.Registration, ledger.RegistrationPlace(c.Name))
	if err != nil {
		return register.Registration{}, err
	}
	return register.Parse([]byte(text.Reveal()))
}
