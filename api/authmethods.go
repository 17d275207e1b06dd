package api

import (
	"encoding/json"
	"errors"
	"strings"
)

// AuthMethods is how a client authenticates at a token endpoint: one method of
// the IANA registry, or several that a request shows at once, with a space
// between. It is written as text or as a list.
type AuthMethods string

// UnmarshalJSON reads one method, or a list of them.
func (m *AuthMethods) UnmarshalJSON(data []byte) error {
	var list StringList
	if err := list.UnmarshalJSON(data); err != nil {
		return errors.New("expected a method or a list of methods")
	}
	*m = AuthMethods(strings.Join(list, " "))
	return nil
}

// MarshalJSON writes one method as text, several as a list.
func (m AuthMethods) MarshalJSON() ([]byte, error) {
	if list := strings.Fields(string(m)); len(list) > 1 {
		return json.Marshal(list)
	}
	return json.Marshal(string(m))
}
