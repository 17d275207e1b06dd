package api

import "cmp"

// BodyRules says what the bodies of an API are, how they tell of a failure, and
// who may keep them.
type BodyRules struct {
	MediaTypes
	OutcomeRules
	Caching *bool `json:"caching,omitempty"` // caches between the caller and Valetkey may keep answers as the API says; default false: none may
}

// MediaTypes says what bodies are taken for: json, xml, soap, form, text or a
// whole media type.
type MediaTypes struct {
	MediaType        string `json:"media_type,omitempty"`         // of requests that do not say it, and of answers whatever their label
	SuccessMediaType string `json:"success_media_type,omitempty"` // of answers below 400, where they differ
	ErrorMediaType   string `json:"error_media_type,omitempty"`   // of answers of 400 and above, where they differ
	SOAPAction       string `json:"soap_action,omitempty"`        // of requests with a body that name none: SOAPAction, or action of the media type of SOAP 1.2
}

// OutcomeRules says which answers tell of a failure though their status does
// not, and where the error message stands. Paths are JSON pointers (RFC 6901; a
// bare name x means /x), or name the elements of XML from the outermost.
type OutcomeRules struct {
	SuccessPath   string     `json:"success_path,omitempty"`   // it must be there
	SuccessValues StringList `json:"success_values,omitempty"` // with one of these values
	FailPath      string     `json:"fail_path,omitempty"`      // it must not be there
	FailValues    StringList `json:"fail_values,omitempty"`    // with one of these values
	ErrorPath     string     `json:"error_path,omitempty"`     // what went wrong, in words or as a code
}

// IsZero says whether no rule is set.
func (r OutcomeRules) IsZero() bool {
	return r.SuccessPath == "" && r.FailPath == "" && r.ErrorPath == ""
}

// Merge returns r with every key that over sets.
func (r OutcomeRules) Merge(over OutcomeRules) OutcomeRules {
	return OutcomeRules{
		SuccessPath:   cmp.Or(over.SuccessPath, r.SuccessPath),
		SuccessValues: mergeList(r.SuccessValues, over.SuccessValues),
		FailPath:      cmp.Or(over.FailPath, r.FailPath),
		FailValues:    mergeList(r.FailValues, over.FailValues),
		ErrorPath:     cmp.Or(over.ErrorPath, r.ErrorPath),
	}
}

func (t MediaTypes) merge(over MediaTypes) MediaTypes {
	return MediaTypes{
		MediaType:        cmp.Or(over.MediaType, t.MediaType),
		SuccessMediaType: cmp.Or(over.SuccessMediaType, t.SuccessMediaType),
		ErrorMediaType:   cmp.Or(over.ErrorMediaType, t.ErrorMediaType),
		SOAPAction:       cmp.Or(over.SOAPAction, t.SOAPAction),
	}
}

// TestRequest is a harmless request of an API. Its answer is judged by the
// rules of the api block unless it has rules of its own.
type TestRequest struct {
	Method  string            `json:"method,omitempty"` // default GET, or POST with a body
	Path    string            `json:"path"`             // under the base URL; template
	Query   map[string]string `json:"query,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"` // sent as it stands; JSON unless a header or media_type says otherwise
	OutcomeRules
}
