package api

// AssertionRules says how a JWT is made by which a client authenticates
// (RFC 7523 section 2.2) or which is a grant by itself (section 2.1). What is
// left out follows the RFC.
type AssertionRules struct {
	Alg      string           `json:"alg,omitempty"`      // default: the key's own
	Audience string           `json:"audience,omitempty"` // issuer, token_endpoint, or a template; default: the issuer when known
	Header   *AssertionHeader `json:"header,omitempty"`
	Lifetime Duration         `json:"lifetime,omitempty"` // default 4 minutes
	Claims   map[string]any   `json:"claims,omitempty"`   // besides the standard ones, which they replace; texts are templates, null removes
	Scope    string           `json:"scope,omitempty"`    // of a grant: parameter (default) or claim
}

// AssertionHeader says what stands in the JOSE header besides alg.
type AssertionHeader struct {
	Type    string `json:"typ,omitempty"` // default JWT
	KeyID   string `json:"kid,omitempty"` // default: the key's own
	X5T     bool   `json:"x5t,omitempty"`
	X5TS256 bool   `json:"x5t#S256,omitempty"`
	X5C     bool   `json:"x5c,omitempty"`
}
