package secret

import "log/slog"

// Text is a secret in memory. It prints, logs and marshals as "••••"; only
// [Text.Reveal] gives the value.
type Text struct{ value string }

const redacted = "••••"

// NewText wraps a secret.
func NewText(value string) Text { return Text{value} }

// Reveal returns the secret itself. Call it where the secret leaves for its
// one destination, not before.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether there is no secret.
func (t Text) IsZero() bool { return t.value == "" }

// String redacts.
func (t Text) String() string {
	if t.value == "" {
		return ""
	}
	return redacted
}

// GoString redacts %#v.
func (t Text) GoString() string { return "secret.Text{" + t.String() + "}" }

// LogValue redacts in slog.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText redacts in JSON, YAML and XML.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
