package operation

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"mime"
	"net/url"
	"regexp"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// The media types whose bodies are made in a way of their own.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// body is what an operation sends: its template filled in, its parameters in:
// body, or what the caller gave whole.
func (r *Run) body(vars map[string]string) (body []byte, mediaType string, err error) {
	mediaType = mediaJSON
	if r.op.Body != nil && r.op.Body.MediaType != "" {
		mediaType = r.op.Body.MediaType
	}
	members, made := r.members()
	template := r.op.Body != nil && r.op.Body.Template != nil
	given := r.asked.Body != nil || r.asked.Text != nil
	switch {
	case given && (template || made || r.op.Body == nil):
		return nil, "", fault.New(api.CodeInvalid, "the operation %s makes its body by itself", r.name).
			WithHint("leave the body out and give parameters")
	case given:
		body, err = r.whole()
	case template:
		body, err = r.filled(vars, mediaType)
	case made:
		body, err = encode(members, mediaType)
	case r.op.Body != nil && r.op.Body.Required:
		return nil, "", fault.New(api.CodeInvalid, "the operation %s needs a body", r.name).
			WithHint("give it as --body @FILE, or --body - for stdin")
	}
	return body, mediaType, err
}

// whole is the body as the caller gave it.
func (r *Run) whole() ([]byte, error) {
	if r.asked.Text != nil {
		return []byte(*r.asked.Text), nil
	}
	return json.Marshal(r.asked.Body)
}

// members are the parameters that a body is made of, by their names in it.
func (r *Run) members() (members map[string]any, made bool) {
	members = make(map[string]any)
	for key, p := range r.op.Parameters {
		if place(r.op, key) != api.ParameterInBody {
			continue
		}
		made = true
		if value, given := r.values[key]; given {
			members[wireName(p, key)] = value
		}
	}
	return members, made
}

// encode writes members as JSON, or as a form.
func encode(members map[string]any, mediaType string) ([]byte, error) {
	if !isForm(mediaType) {
		return json.Marshal(members)
	}
	form := url.Values{}
	for name, value := range members {
		addQuery(form, name, api.OperationParameter{}, value)
	}
	return []byte(form.Encode()), nil
}

// filled fills in the template: a tree for JSON and forms, else one text whose
// values are escaped as the media type wants it.
func (r *Run) filled(vars map[string]string, mediaType string) ([]byte, error) {
	text, isText := r.op.Body.Template.(string)
	if !isText {
		tree, _, err := r.fill(r.op.Body.Template, vars)
		if err != nil {
			return nil, err
		}
		members, isObject := tree.(map[string]any)
		if isForm(mediaType) && isObject {
			return encode(members, mediaType)
		}
		return json.Marshal(tree)
	}
	escaped := make(map[string]string, len(vars))
	for name, value := range vars {
		escaped[name] = escape(value, mediaType)
	}
	out, err := catalog.ExpandText(text, escaped)
	return []byte(out), err
}

// escape writes a value so that it stays text in a body of the media type.
func escape(value, mediaType string) string {
	switch {
	case isForm(mediaType):
		return url.QueryEscape(value)
	case strings.Contains(mediaType, "xml"):
		var b bytes.Buffer
		_ = xml.EscapeText(&b, []byte(value)) // a buffer takes everything
		return b.String()
	case strings.Contains(mediaType, "json"):
		text, err := json.Marshal(value)
		if err != nil {
			return "" // cannot happen for a text
		}
		return string(text[1 : len(text)-1])
	}
	return value
}

// alone is a text that is one {name} and nothing else.
var alone = regexp.MustCompile(`^\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// fill copies a template with its values. present is false for a text that
// names a parameter alone which was not given: it is left out.
func (r *Run) fill(template any, vars map[string]string) (value any, present bool, err error) {
	switch t := template.(type) {
	case string:
		if m := alone.FindStringSubmatch(t); m != nil {
			if _, declared := r.op.Parameters[m[1]]; declared {
				value, present = r.values[m[1]]
				return value, present, nil
			}
		}
		text, err := catalog.ExpandText(t, vars)
		return text, true, err
	case map[string]any:
		object := make(map[string]any, len(t))
		for key, item := range t {
			filled, present, err := r.fill(item, vars)
			if err != nil {
				return nil, false, err
			}
			if present {
				object[key] = filled
			}
		}
		return object, true, nil
	case []any:
		list := make([]any, 0, len(t))
		for _, item := range t {
			filled, present, err := r.fill(item, vars)
			if err != nil {
				return nil, false, err
			}
			if present {
				list = append(list, filled)
			}
		}
		return list, true, nil
	}
	return template, true, nil
}

func isForm(mediaType string) bool {
	kind, _, err := mime.ParseMediaType(mediaType)
	return err == nil && kind == mediaForm
}
