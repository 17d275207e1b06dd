package answer

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// maxMessage bounds what is repeated of an API's error, in characters.
const maxMessage = 300

// Verdict is what an answer comes to.
type Verdict struct {
	Failed  bool
	Message string // what the API says went wrong, in one line; "" when it does not say
	Value   string // at the path of the error message, whole; "" when there is none
}

// Judge reads an answer by the rules of its connection. One of 400 or above has
// failed whatever it holds. soap says that faults of SOAP count.
func Judge(status int, d Document, rules api.OutcomeRules, soap bool) Verdict {
	v := Verdict{Failed: status >= http.StatusBadRequest}
	if rules.ErrorPath != "" {
		v.Value, _ = d.Lookup(rules.ErrorPath)
	}
	why := ""
	if !v.Failed {
		v.Failed, why = refused(d, rules)
	}
	if soap {
		if message, found := d.soapFault(); found {
			v.Failed, why = true, message
		}
	}
	if !v.Failed {
		return Verdict{}
	}
	v.Message = line(v.Value)
	if v.Message == "" {
		v.Message = line(why)
	}
	return v
}

// refused says whether a body tells of a failure that the status does not.
func refused(d Document, rules api.OutcomeRules) (bool, string) {
	if rules.FailPath != "" {
		if value, found := d.Lookup(rules.FailPath); found && Among(rules.FailValues, value) {
			return true, shown(rules.FailPath, value)
		}
	}
	if rules.SuccessPath == "" {
		return false, ""
	}
	value, found := d.Lookup(rules.SuccessPath)
	switch {
	case !found:
		return true, "the answer has nothing at " + rules.SuccessPath
	case !Among(rules.SuccessValues, value):
		return true, shown(rules.SuccessPath, value)
	}
	return false, ""
}

func shown(path, value string) string {
	if value == "" {
		return "the answer has " + path
	}
	return fmt.Sprintf("the answer has %s: %s", path, value)
}

// Among reports whether a value is one of those wanted, upper or lower case;
// without any, each is.
func Among(wanted []string, value string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, value) })
}

// line makes a text fit for one line of a header or a terminal.
func line(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return r <= ' ' || r == 0x7f || r >= 0x80 && r <= 0xa0 || r == 0x2028 || r == 0x2029
	}), " ")
	if runes := []rune(text); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return text
}
