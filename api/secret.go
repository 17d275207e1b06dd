package api

import "log/slog"

// Mask is what a secret reads back as. Writing it back leaves the secret unchanged.
const Mask = "••••"

// Secret is a secret on its way to the server. It prints as [Mask]; only JSON
// carries its value, because that is the way it travels.
type Secret string

// String returns [Mask], or nothing for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Mask
}

// GoString keeps the value out of %#v.
func (s Secret) GoString() string { return `api.Secret("` + s.String() + `")` }

// LogValue keeps the value out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
