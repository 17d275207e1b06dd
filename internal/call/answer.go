package call

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/answer"
	"github.com/valetkey/valetkey/internal/target"
)

// maxPeek is how much of an answer's body, in bytes, a rule may look into.
const maxPeek = 64 << 10

// picks says whether an answer is one that a rule speaks of. A listed status
// that is alone says so by itself; standard is the list when the rule has none.
func picks(rule api.AnswerRule, response *http.Response, media api.MediaTypes, standard []int, alone int) bool {
	statuses := rule.Statuses
	if len(statuses) == 0 {
		statuses = standard
	}
	listed := slices.Contains(statuses, response.StatusCode)
	switch {
	case listed && response.StatusCode == alone:
		return true
	case rule.Path == "" && rule.Header == "":
		return listed
	case !listed && len(rule.Statuses) > 0:
		return false
	}
	return inHeader(rule, response) || inBody(rule, response, media)
}

// looksInside says whether a rule can pick an answer whatever its status.
func looksInside(rule api.AnswerRule) bool {
	return rule.Path != "" || rule.Header != "" || len(rule.Statuses) > 0
}

func inHeader(rule api.AnswerRule, response *http.Response) bool {
	if rule.Header == "" {
		return false
	}
	for _, value := range response.Header.Values(rule.Header) {
		if answer.Among(rule.Values, strings.TrimSpace(value)) {
			return true
		}
	}
	return false
}

func inBody(rule api.AnswerRule, response *http.Response, media api.MediaTypes) bool {
	if rule.Path == "" || !hasDocument(response, media) {
		return false
	}
	value, found := document(response, media).Lookup(rule.Path)
	return found && answer.Among(rule.Values, value)
}

// document is the beginning of an answer's body, for what its connection takes
// it, or else for what the API calls it.
func document(response *http.Response, media api.MediaTypes) answer.Document {
	label := taken(response.StatusCode, media)
	if label == "" {
		label = response.Header.Get("Content-Type")
	}
	return answer.Read(label, readable(response))
}

// taken is the media type that the settings give to answers of a status.
func taken(status int, media api.MediaTypes) string {
	if status >= http.StatusBadRequest {
		return answer.MediaType(cmp.Or(media.ErrorMediaType, media.MediaType))
	}
	return answer.MediaType(cmp.Or(media.SuccessMediaType, media.MediaType))
}

// hasDocument says whether the body may be a document that ends, so that
// looking into it holds up no stream.
func hasDocument(response *http.Response, media api.MediaTypes) bool {
	if response.StatusCode == http.StatusSwitchingProtocols || response.ContentLength == 0 || response.Body == http.NoBody {
		return false
	}
	label := response.Header.Get("Content-Type")
	if isEndless(label) {
		return false
	}
	kind, _, err := mime.ParseMediaType(label)
	if err != nil || taken(response.StatusCode, media) != "" {
		return true
	}
	switch kind {
	case "text/plain", "text/html", "text/json", "application/json", "text/xml", "application/xml", "application/x-www-form-urlencoded":
		return true
	}
	return strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// readable is the beginning of an answer's body, decompressed.
func readable(response *http.Response) []byte {
	raw := peek(response)
	if !strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		return raw
	}
	reader, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	// The raw bytes are a beginning only, so an error at their end is no matter.
	text, _ := io.ReadAll(io.LimitReader(reader, maxPeek))
	return text
}

// peek reads the beginning of an answer's body and leaves the answer as it was.
func peek(response *http.Response) []byte {
	if seen, ok := response.Body.(*peeked); ok {
		return seen.beginning
	}
	beginning, err := io.ReadAll(io.LimitReader(response.Body, maxPeek))
	rest := io.Reader(response.Body)
	if err != nil {
		rest = broken{err}
	}
	response.Body = &peeked{
		Reader: io.MultiReader(bytes.NewReader(beginning), rest), Closer: response.Body, beginning: beginning,
	}
	return beginning
}

// peeked is a body whose beginning was looked at and is read once more.
type peeked struct {
	io.Reader
	io.Closer
	beginning []byte
}

// broken gives the error that ended a body while it was looked at.
type broken struct{ err error }

// Read implements [io.Reader].
func (b broken) Read([]byte) (int, error) { return 0, b.err }

// looksIntoBodies says whether a rule of the connection looks into bodies, so
// that they must come in an encoding that can be read here.
func looksIntoBodies(target *target.Target, o *outgoing) bool {
	return target.AuthError.Path != "" || target.RateLimit.Path != "" || target.Retry.BodyPath != "" ||
		!target.OutcomeRules.IsZero() || target.MediaType == answer.SOAP || target.SOAPAction != "" || len(o.Header["Soapaction"]) > 0
}

// readableEncoding narrows a request's Accept-Encoding to what [readable] reads.
func readableEncoding(header http.Header) {
	for _, field := range header["Accept-Encoding"] {
		for coding := range strings.SplitSeq(field, ",") {
			name, weight, _ := strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") && strings.TrimSpace(weight) != "q=0" {
				header["Accept-Encoding"] = []string{"gzip"}
				return
			}
		}
	}
	header["Accept-Encoding"] = []string{"identity"}
}
