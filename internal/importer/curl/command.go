package curl

import (
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
)

// command is one curl command.
type command struct {
	where   string
	urls    []string
	method  string
	headers map[string]string
	user    string
	data    []string // parts of the body, joined by &
	fields  bool     // the body is a form
	get     bool     // -G: the body goes into the URL
	json    bool
	unread  []string
}

// The options by what they do. Those that say how curl shows its output, or
// how it connects, change nothing of what is imported.
const (
	quietFlags  = " s S v i I k L f g N # 0 1 2 3 4 6 silent show-error verbose include insecure location location-trusted fail fail-with-body globoff compressed http1.0 http1.1 http2 http3 tlsv1 tlsv1.2 tlsv1.3 progress-bar no-buffer basic oauth2 ipv4 ipv6 no-progress-meter "
	quietValues = " o O m w A e b c y Y z r C output max-time connect-timeout retry retry-delay retry-max-time write-out user-agent referer cookie cookie-jar limit-rate stderr dump-header D trace trace-ascii max-redirs "
	tlsValues   = " cert E key cacert cert-type key-type pass capath proxy x proxy-user U resolve interface ciphers "
)

// parse reads the words behind curl.
func parse(where string, words []string) command {
	c := command{where: where, headers: make(map[string]string)}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if len(word) < 2 || word[0] != '-' {
			c.urls = append(c.urls, word)
			continue
		}
		next := func() string {
			if i+1 < len(words) {
				i++
				return words[i]
			}
			return ""
		}
		if long, ok := strings.CutPrefix(word, "--"); ok {
			name, value, joined := strings.Cut(long, "=")
			if joined {
				next = func() string { return value }
			}
			c.option(name, next)
			continue
		}
		c.short(word[1:], next)
	}
	return c
}

// short reads options of one letter, several of which may stand together; the
// value of the last one may stand behind it without a space.
func (c *command) short(letters string, next func() string) {
	for len(letters) > 0 {
		name := letters[:1]
		letters = letters[1:]
		if name == "G" {
			c.get = true
			continue
		}
		if strings.Contains(quietFlags, " "+name+" ") {
			if name == "I" {
				c.method = "HEAD"
			}
			continue
		}
		rest := letters
		c.option(name, func() string {
			if rest != "" {
				return rest
			}
			return next()
		})
		return
	}
}

func (c *command) option(name string, value func() string) {
	switch name {
	case "url":
		c.urls = append(c.urls, value())
	case "X", "request":
		c.method = strings.ToUpper(value())
	case "H", "header":
		c.header(value())
	case "u", "user":
		c.user = value()
	case "oauth2-bearer":
		c.headers["Authorization"] = "Bearer " + value()
	case "get":
		c.get = true
	case "head":
		c.method = "HEAD"
	case "d", "data", "data-ascii", "data-binary", "data-raw":
		c.body(name, value())
	case "json":
		c.json = true
		c.data = append(c.data, value())
	case "data-urlencode":
		c.encoded(value())
	case "F", "form", "form-string":
		c.fields = true
		c.encoded(value())
	default:
		c.other(name, value)
	}
}

func (c *command) other(name string, value func() string) {
	switch in := func(list string) bool { return strings.Contains(list, " "+name+" ") }; {
	case in(quietFlags):
	case in(quietValues):
		value()
	case in(tlsValues):
		value()
		c.unread = append(c.unread, name)
	default:
		c.unread = append(c.unread, name)
	}
}

func (c *command) header(line string) {
	name, value, ok := strings.Cut(line, ":")
	if name = strings.TrimSpace(name); ok && name != "" {
		c.headers[name] = strings.TrimSpace(value)
	}
}

func (c *command) body(option, value string) {
	if strings.HasPrefix(value, "@") && option != "data-raw" {
		c.unread = append(c.unread, option+" @file")
		return
	}
	c.data = append(c.data, value)
}

// encoded is name=value of which curl encodes the value.
func (c *command) encoded(pair string) {
	name, value, ok := strings.Cut(pair, "=")
	if !ok || strings.HasPrefix(value, "@") || strings.Contains(name, "@") {
		c.unread = append(c.unread, "data from a file")
		return
	}
	c.data = append(c.data, url.QueryEscape(name)+"="+escape(value))
}

// escape encodes a value and leaves {{name}} as it is.
func escape(value string) string {
	return strings.NewReplacer("%7B%7B", "{{", "%7D%7D", "}}").Replace(url.QueryEscape(value))
}

// request is the command as a saved request.
func (c *command) request(n string) form.Request {
	r := form.Request{Name: n, Where: c.where, Method: c.method, Headers: c.headers}
	if len(c.urls) > 0 {
		r.URL = c.urls[0]
		if !strings.Contains(r.URL, "://") && !strings.HasPrefix(r.URL, "{{") {
			r.URL = "http://" + r.URL // as curl guesses
		}
	}
	joined := strings.Join(c.data, "&")
	if c.get && joined != "" {
		separator := "?"
		if strings.Contains(r.URL, "?") {
			separator = "&"
		}
		r.URL, joined = r.URL+separator+joined, ""
	}
	if r.Method == "" && joined != "" {
		r.Method = "POST"
	}
	r.MediaType = c.mediaType()
	if joined == "" {
		return r
	}
	if values, ok := formFields(joined); ok && (r.MediaType == "" || strings.Contains(r.MediaType, "form")) {
		r.Fields = values
	} else {
		r.Body = joined
	}
	return r
}

func (c *command) mediaType() string {
	if c.json {
		return "application/json"
	}
	for name, value := range c.headers {
		if strings.EqualFold(name, "Content-Type") {
			media, _, _ := strings.Cut(value, ";")
			return media
		}
	}
	return ""
}

// formFields reads a form-encoded body, each name once.
func formFields(body string) (map[string]string, bool) {
	if strings.HasPrefix(strings.TrimSpace(body), "{") && !strings.HasPrefix(body, "{{") || !strings.Contains(body, "=") {
		return nil, false
	}
	values, err := url.ParseQuery(strings.NewReplacer("{{", "%7B%7B", "}}", "%7D%7D", ";", "%3B").Replace(body))
	if err != nil {
		return nil, false
	}
	fields := make(map[string]string, len(values))
	for name := range values {
		fields[name] = values.Get(name)
	}
	return fields, true
}

func (c *command) notes(d *draft.Draft) {
	for _, name := range c.unread {
		if len(name) > 30 {
			name = name[:30]
		}
		d.Add(draft.Note{Where: c.where, What: "the option " + name, Why: "it has no counterpart here", Do: "look whether the API needs it: docs/providers.md"})
	}
	if len(c.urls) > 1 {
		d.Add(draft.Note{Where: c.where, What: "a second URL", Why: "one command is read as one request"})
	}
}
