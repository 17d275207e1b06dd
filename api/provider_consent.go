package api

// AdminConsentRules is how an administrator's consent for a whole organisation
// comes back. What it tells passed through a browser: it is held to MustMatch,
// and where a service is to act on it, to a sign-in.
type AdminConsentRules struct {
	Variable  string   `json:"variable"`          // of the connection: names the organisation
	Name      string   `json:"name,omitempty"`    // of the parameter that tells it; default: the variable's
	MustMatch string   `json:"must_match"`        // regular expression the whole value must match, or it is refused
	Anyone    []string `json:"anyone,omitempty"`  // values that name no one organisation; the first stands in the endpoint until one is known
	Granted   string   `json:"granted,omitempty"` // parameter that says true where consent was given
	Claim     string   `json:"claim,omitempty"`   // of an ID token: the organisation of who signed in
}
