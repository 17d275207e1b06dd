package api

// CallRequest is one request of an API through a connection.
type CallRequest struct {
	Method string              `json:"method,omitempty"` // default GET
	Path   string              `json:"path"`             // under the connection's base URL; may hold a query
	Query  map[string][]string `json:"query,omitempty"`  // added to the path's query; keys may repeat
	Header map[string][]string `json:"header,omitempty"`
	Body   []byte              `json:"body,omitempty"` // base64 in JSON
	Text   string              `json:"text,omitempty"` // the body as text, instead of Body
}

// CallResponse is what the API answered, whatever its status.
type CallResponse struct {
	Status int                 `json:"status"`
	Header map[string][]string `json:"header"`
	Body   []byte              `json:"body,omitempty"` // base64 in JSON
	Text   string              `json:"text,omitempty"` // the body when it is UTF-8 text; Body is then absent
}
