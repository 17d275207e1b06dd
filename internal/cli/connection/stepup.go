package connection

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// stepFlags are what an API asks of the next authorization before it goes on
// (RFC 6750 section 3.1, RFC 9470).
type stepFlags struct {
	api.StepUp
	maxAge int
	given  func(flag string) bool
}

func (f *stepFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.given = flags.Changed
	flags.StringArrayVar(&f.Scopes, "more-scope", nil, "a scope to ask for this once besides the connection's, as an API's challenge names it; may be repeated")
	flags.StringVar(&f.ACRValues, "acr-values", "", "how strongly to sign in, as an API's challenge names it in acr_values")
	flags.IntVar(&f.maxAge, "max-age", 0, "how many seconds ago one may have signed in at most; 0 asks for a new sign-in")
	flags.StringVar(&f.Claims, "claims", "", "the claims that an API's challenge asks for, in JSON")
}

// stepUp is what the flags ask for.
func (f *stepFlags) stepUp() (api.StepUp, error) {
	if f.Claims != "" && !json.Valid([]byte(f.Claims)) {
		return f.StepUp, prompt.Usage("decode it first where the challenge has it in base64", "--claims is not JSON")
	}
	step := f.StepUp
	if f.given("max-age") {
		if f.maxAge < 0 {
			return step, prompt.Usage("give seconds, 0 or more", "--max-age cannot be negative")
		}
		step.MaxAge = &f.maxAge
	}
	return step, nil
}
