package api

// ProofRequest asks for a proof of possession (RFC 9449) for one request that
// the caller sends itself.
type ProofRequest struct {
	Method string `json:"method"`          // of the request, such as GET
	URL    string `json:"url"`             // where it goes; query and fragment do not count
	Nonce  string `json:"nonce,omitempty"` // the DPoP-Nonce of the API's last answer, if it sent one
}

// Proof is a proof of possession: the value of the header DPoP of one request.
type Proof struct {
	Proof      string `json:"proof"`
	Generation int64  `json:"generation"` // of the access token that it goes with
}

// The values of GrantRules.DPoP and of GrantRequest.DPoP.
const (
	DPoPAuto     = "auto"
	DPoPRequired = "required"
	DPoPOff      = "off"
)
