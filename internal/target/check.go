package target

import (
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// Check says what is wrong with call settings as they are written, before any
// variable is known. The error has [api.CodeInvalid].
func Check(s api.CallSettings) error {
	if err := catalog.CheckSettings(s); err != nil {
		return err
	}
	if s.BaseURL != "" && !strings.Contains(s.BaseURL, "{") {
		u, err := url.Parse(s.BaseURL)
		if err == nil && u.User != nil {
			return fault.New(api.CodeInvalid, "the base_url holds a user or password").
				WithHint("leave out what stands before the @; the connection's token is sent instead")
		}
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.Fragment != "" {
			return fault.New(api.CodeInvalid, "the base_url is not an http or https address").
				WithHint("write it like https://api.example.com/v1")
		}
	}
	if s.Token == nil {
		return nil
	}
	for _, place := range s.Token.In {
		if !slices.Contains([]string{api.InHeader, api.InQuery, api.InBody}, place) {
			return fault.New(api.CodeInvalid, "api.token.in cannot be %q", place).WithHint("use header, query or body")
		}
	}
	return nil
}
