package call

import (
	"cmp"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/answer"
	"github.com/valetkey/valetkey/internal/target"
)

// Headers that say what an answer's body says. The body itself passes as it is.
const (
	HeaderFailure = "Valetkey-Failure" // what went wrong, though the status may be below 400
	HeaderHint    = "Valetkey-Hint"    // what the provider's description says to do about it
)

// outcome tells the caller of a failure that stands in the answer's body, and
// what is known to help against it.
func outcome(target *target.Target, o *outgoing, response *http.Response) {
	soap := speaksSOAP(target.MediaTypes, o, response)
	ruled := !target.OutcomeRules.IsZero() || soap
	if o.away || !ruled && (response.StatusCode < 400 || len(target.Hints) == 0) || response.Header.Get(headerError) != "" {
		return
	}
	var found answer.Verdict
	if ruled && hasDocument(response, target.MediaTypes) {
		found = Judge(target, response, target.OutcomeRules, soap)
	}
	if found.Message != "" {
		response.Header.Set(HeaderFailure, found.Message)
	}
	if !found.Failed && response.StatusCode < 400 {
		return
	}
	if hint := cmp.Or(target.Hints[found.Value], target.Hints[strconv.Itoa(response.StatusCode)]); hint != "" {
		response.Header.Set(HeaderHint, strings.Join(strings.Fields(hint), " "))
	}
}

// Judge reads the beginning of an answer by rules, and leaves it as it was.
func Judge(target *target.Target, response *http.Response, rules api.OutcomeRules, soap bool) answer.Verdict {
	if !hasDocument(response, target.MediaTypes) {
		return answer.Judge(response.StatusCode, answer.Document{}, rules, false)
	}
	return answer.Judge(response.StatusCode, document(response, target.MediaTypes), rules, soap)
}

// speaksSOAP says whether faults of SOAP may be in an answer: what was asked
// or answered is SOAP by its labels (SOAP 1.1 section 6.1.1, RFC 3902), or by
// the settings.
func speaksSOAP(media api.MediaTypes, o *outgoing, response *http.Response) bool {
	if media.MediaType == answer.SOAP || media.SOAPAction != "" || len(o.Header["Soapaction"]) > 0 {
		return true
	}
	const soap = "application/soap+xml"
	label := response.Header.Get("Content-Type")
	if len(label) < len(soap) || !strings.EqualFold(label[:len(soap)], soap) {
		return false // most answers: parsing allocates
	}
	kind, _, err := mime.ParseMediaType(label)
	return err == nil && kind == soap
}

// label gives a body that has no media type the one of the settings, and a
// SOAP message its action.
func label(header http.Header, media api.MediaTypes, o *outgoing) {
	if !o.streamed && len(o.kept) == 0 {
		return
	}
	if media.MediaType != "" && len(header["Content-Type"]) == 0 {
		header["Content-Type"] = []string{answer.MediaType(media.MediaType)}
	}
	if media.SOAPAction != "" {
		act(header, media.SOAPAction)
	}
}

// act names the action where the message's version of SOAP has it: in
// SOAPAction (1.1 section 6.1.1), in the media type (RFC 3902 section 2).
func act(header http.Header, action string) {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "application/soap+xml" {
		if len(header["Soapaction"]) == 0 {
			header["Soapaction"] = []string{`"` + action + `"`}
		}
		return
	}
	if params["action"] == "" {
		params["action"] = action
		header["Content-Type"] = []string{mime.FormatMediaType(kind, params)}
	}
}
