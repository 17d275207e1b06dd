package api

// TestResult is how a test of a connection went, step by step, and what the
// API answered.
type TestResult struct {
	OK   bool  `json:"ok"`
	Legs []Leg `json:"legs"` // as far as the test came
	CallResponse
}

// Leg is one step of a test.
type Leg struct {
	Leg    string `json:"leg"` // token, introspection (where the provider can be asked: RFC 7662), request, refresh, again
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`         // one sentence for a person
	Hint   string `json:"hint,omitempty"` // what to do, when it failed
}
