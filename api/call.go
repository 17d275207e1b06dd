package api

// CallRequest is one request of an API through a connection.
type CallRequest struct {
	Method string              `json:"method,omitempty"` // default GET
	Path   string              `json:"path"`             // under the connection's base URL; may hold a query
	Query  map[string][]string `json:"query,omitempty"`  // added to the path's query; keys may repeat
	Header map[string][]string `json:"header,omitempty"`
	Body   []byte              `json:"body,omitempty"` // base64 in JSON
	Text   string              `json:"text,omitempty"` // the body as text, instead of Body
	Form   map[string][]string `json:"form,omitempty"` // the body as a form, instead of Body; multipart when there are files
	Files  []CallFile          `json:"files,omitempty"`
}

// CallFile is a file in a multipart form (RFC 7578).
type CallFile struct {
	Field       string `json:"field"`
	Name        string `json:"name,omitempty"`         // default: the field
	ContentType string `json:"content_type,omitempty"` // default application/octet-stream
	Content     []byte `json:"content"`                // base64 in JSON
}

// CallResponse is what the API answered, whatever its status.
type CallResponse struct {
	Status int                 `json:"status"`
	Header map[string][]string `json:"header"`
	Body   []byte              `json:"body,omitempty"` // base64 in JSON
	Text   string              `json:"text,omitempty"` // the body when it is UTF-8 text; Body is then absent
	// Failure is what went wrong by the rules of the connection, though the status
	// may be below 400; Hint is what to do about it.
	Failure string `json:"failure,omitempty"`
	Hint    string `json:"hint,omitempty"`
}
