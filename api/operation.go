package api

// Operation is a named request that a connection can run. A provider gives
// some, a connection adds its own; of two by one name the connection's wins.
//
// Path, Headers and Body.Template are templates over the operation's
// parameters and the provider's variables: {name}. A parameter goes before a
// variable of the same name, and is encoded for its place, so that no value
// changes which request it is.
type Operation struct {
	Title       string                        `json:"title,omitempty"`       // for people, one line
	Description string                        `json:"description,omitempty"` // for people
	Docs        string                        `json:"docs,omitempty"`        // URL of the vendor's page
	Tags        []string                      `json:"tags,omitempty"`        // groups it belongs to
	Method      string                        `json:"method,omitempty"`      // default GET, or POST with a body
	Path        string                        `json:"path"`                  // template, under the connection's base URL; may hold a query
	Headers     map[string]string             `json:"headers,omitempty"`     // templates, such as SOAPAction
	Parameters  map[string]OperationParameter `json:"parameters,omitempty"`  // by the name a caller gives
	Body        *OperationBody                `json:"body,omitempty"`        // absent: none, or made of the parameters in: body
	Pagination  *Pagination                   `json:"pagination,omitempty"`  // absent: @odata.nextLink or a Link header, where there is one
	Items       string                        `json:"items,omitempty"`       // JSON pointer (RFC 6901) to the list in an answer; absent: the answer itself
	Destructive bool                          `json:"destructive,omitempty"` // deletes or sends something that cannot be taken back
	Scopes      []string                      `json:"scopes,omitempty"`      // what the grant must hold
}

// OperationParameter is a value that the caller of an operation gives.
type OperationParameter struct {
	In          string   `json:"in,omitempty"`       // path, query, header, body, template; default path where the path has it, else query
	Name        string   `json:"name,omitempty"`     // in the request; default: its key
	Type        string   `json:"type,omitempty"`     // string (default), integer, number, boolean, array, object
	Required    bool     `json:"required,omitempty"` // always so in a path
	Default     any      `json:"default,omitempty"`  // sent when the caller gives none
	Enum        []string `json:"enum,omitempty"`     // the values allowed
	Style       string   `json:"style,omitempty"`    // how an array is written: repeat (default in a query), comma (default elsewhere), space, pipe
	Segments    bool     `json:"segments,omitempty"` // in a path: its slashes stay, as in the path of a file
	Description string   `json:"description,omitempty"`
	Example     any      `json:"example,omitempty"`
}

// The places of an operation's parameter.
const (
	ParameterInPath     = "path"
	ParameterInQuery    = "query"
	ParameterInHeader   = "header"
	ParameterInBody     = "body"     // a member of a JSON body, or a field of a form
	ParameterInTemplate = "template" // only where a template names it
)

// The types of an operation's parameter.
const (
	TypeString  = "string"
	TypeInteger = "integer"
	TypeNumber  = "number"
	TypeBoolean = "boolean"
	TypeArray   = "array"
	TypeObject  = "object"
)

// The ways to write a parameter that is an array.
const (
	StyleRepeat = "repeat" // ids=1&ids=2
	StyleComma  = "comma"  // ids=1,2
	StyleSpace  = "space"  // ids=1%202
	StylePipe   = "pipe"   // ids=1|2
)

// OperationBody is what an operation sends. Without a template the caller
// gives it whole, unless parameters stand in: body; those make a JSON object,
// or a form where the media type says so.
type OperationBody struct {
	MediaType string `json:"media_type,omitempty"` // default application/json
	// Template is the body with {name} in its texts. In JSON a text that is
	// one {name} and nothing else becomes the parameter's value with its type,
	// and is left out where the caller gave none. A template of any other
	// media type is one text.
	Template    any    `json:"template,omitempty"`
	Required    bool   `json:"required,omitempty"` // a caller who gives it whole must give one
	Description string `json:"description,omitempty"`
	Example     any    `json:"example,omitempty"`
}

// The ways an API says that more pages follow.
const (
	PagesByLink   = "link"   // @odata.nextLink in the body, or a Link header with rel=next (RFC 8288); the default
	PagesByURL    = "url"    // the member at Next is the next page's address
	PagesByCursor = "cursor" // the member at Next goes into Parameter of the next request
	PagesByOffset = "offset" // Parameter counts items; the end is a page with fewer than Size, or none
	PagesByPage   = "page"   // Parameter counts pages; the end is a page with fewer than Size items, or none
	PagesNone     = "none"   // one answer is all
)

// Pagination is how the pages of a list follow one another.
type Pagination struct {
	By            string `json:"by,omitempty"`             // link (default), url, cursor, offset, page, none
	Next          string `json:"next,omitempty"`           // JSON pointer to the next page's address or cursor
	Parameter     string `json:"parameter,omitempty"`      // query parameter that says which page
	SizeParameter string `json:"size_parameter,omitempty"` // query parameter that says how long a page is; the caller's own goes before it
	Size          int    `json:"size,omitempty"`           // items asked for in a page
	Start         *int   `json:"start,omitempty"`          // what the first offset or page is called; default 0, or 1 for page
	More          string `json:"more,omitempty"`           // JSON pointer to a boolean: false ends
}

// RunRequest runs an operation.
type RunRequest struct {
	Params map[string]any `json:"params,omitempty"` // by name; a text is read as the parameter's type
	Body   any            `json:"body,omitempty"`   // the whole body, as JSON, where the operation takes one
	Text   *string        `json:"text,omitempty"`   // the same as text, for any media type
	Limit  int            `json:"limit,omitempty"`  // items at most; 0 for all
}

// RunResult is what an operation gave, all pages of it.
type RunResult struct {
	Items []any `json:"items"`
	Pages int   `json:"pages"` // answers that were read
	More  bool  `json:"more"`  // the limit ended it before the API did
}

// OperationList is the operations of a connection, by name.
type OperationList struct {
	Operations map[string]Operation `json:"operations"`
}
