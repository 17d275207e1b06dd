package assertion

import (
	"fmt"

	"github.com/valetkey/valetkey/oauth"
)

// unusable is about the client's key or registration: only its operator can
// mend it. The text must hold no key material.
func unusable(format string, args ...any) *oauth.Error {
	return &oauth.Error{
		Code:        oauth.CodeInvalidClientKey,
		Description: fmt.Sprintf(format, args...),
		Action:      oauth.ActionConfigure,
	}
}

// malformed is about parameters that the caller put together.
func malformed(format string, args ...any) *oauth.Error {
	return &oauth.Error{
		Code:        oauth.CodeInvalidRequest,
		Description: fmt.Sprintf(format, args...),
		Action:      oauth.ActionConfigure,
	}
}
