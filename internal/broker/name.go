package broker

import (
	"regexp"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// namePattern keeps names usable in paths, file names, YAML and shells.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func checkName(noun, name string) error {
	if namePattern.MatchString(name) {
		return nil
	}
	return fault.New(api.CodeInvalid, "%q cannot be the name of a %s", name, noun).
		WithHint("use up to 128 letters, digits, dots, dashes and underscores, beginning with a letter or digit")
}
