package app

import (
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/web/page"
)

// longestName is of an installation, in characters.
const longestName = 40

// Installation is what a server says of itself.
type Installation struct {
	Version api.Version // what /v1/version answers
	Name    string      // on the pages; default Valetkey
	Logo    string      // a file, PNG or SVG; default the mark of Valetkey
}

// face is what people see of a server: how they sign in, and whose it is.
func (c Config) face() (page.Installation, error) {
	if err := c.OpenID.check(); err != nil {
		return page.Installation{}, err
	}
	return c.brand()
}

// brand reads the logo and holds both to what a page can show.
func (i Installation) brand() (page.Installation, error) {
	name := strings.TrimSpace(i.Name)
	if utf8.RuneCountInString(name) > longestName || strings.ContainsFunc(name, unicode.IsControl) {
		return page.Installation{}, fault.New(api.CodeNeedsConfiguration, "the name of this installation is longer than %d characters, or not one line", longestName).
			WithHint("give a shorter one with --name or VALETKEY_NAME, such as Contoso Connections")
	}
	brand := page.Installation{Name: name}
	if i.Logo == "" {
		return brand, nil
	}
	content, err := os.ReadFile(i.Logo)
	if err != nil {
		return brand, fault.Wrap(err, api.CodeNeedsConfiguration, "the logo %s cannot be read: %s", i.Logo, reason(err)).
			WithHint("--logo or VALETKEY_LOGO is the path of a PNG or SVG file on the server's machine")
	}
	logo := link.Logo{Kind: "image/png", Content: content}
	if strings.HasSuffix(strings.ToLower(i.Logo), ".svg") {
		logo.Kind = "image/svg+xml"
	}
	if _, err := link.CheckLogo(logo); err != nil {
		shown := fault.As(err)
		return brand, fault.Wrap(err, api.CodeNeedsConfiguration, "%s: %s", i.Logo, shown.Message).WithHint("give a PNG or SVG file of at most 32 KiB with --logo or VALETKEY_LOGO")
	}
	brand.Picture, brand.Kind = logo.Content, logo.Kind
	return brand, nil
}
