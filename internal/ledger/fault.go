package ledger

import (
	"errors"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Fault turns a store's error about the named thing into a fault.
func Fault(err error, noun, name string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return fault.Wrap(err, api.CodeNotFound, "there is no %s named %q", noun, name).WithHint("%s", listHint(noun))
	case errors.Is(err, ErrInUse):
		return fault.Wrap(err, api.CodeConflict, "the %s %q is in use", noun, name).
			WithHint("delete what refers to it first")
	default:
		return err
	}
}

func listHint(noun string) string {
	switch noun {
	case "connection":
		return "valetkey list shows the connections there are"
	case "client":
		return "valetkey client list shows the clients there are"
	case "provider":
		return "valetkey providers shows the providers there are"
	default:
		return ""
	}
}
