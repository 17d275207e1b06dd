package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// shortestSecret is the length below which a value could turn up by chance.
const shortestSecret = 12

// canaries are the secrets of one sweep, by what each is.
type canaries struct {
	mu    sync.Mutex
	known map[string][]string
}

// plant notes a secret. Values are noted once.
func (c *canaries) plant(kind, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string][]string{}
	}
	if len(value) >= shortestSecret && !slices.Contains(c.known[kind], value) {
		c.known[kind] = append(c.known[kind], value)
	}
}

// of gives what is known of one kind.
func (c *canaries) of(kind string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.known[kind])
}

// disguises are the shapes in which a careless program passes a value on.
func disguises(value string) [][]byte {
	quoted, _ := json.Marshal(value) // a string always marshals
	shapes := []string{
		value,
		url.QueryEscape(value),
		url.PathEscape(value),
		strings.Trim(string(quoted), `"`),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "="),
		base64.RawURLEncoding.EncodeToString([]byte(value)),
		hex.EncodeToString([]byte(value)),
	}
	slices.Sort(shapes)
	var out [][]byte
	for _, shape := range slices.Compact(shapes) {
		out = append(out, []byte(shape))
	}
	return out
}

// evidence is something that a person, a program or a thief can come to see.
type evidence struct {
	where string
	bytes []byte
	may   []string // kinds of secrets that belong here
}

// leaks names every kind of secret that occurs where it does not belong.
func (c *canaries) leaks(seen []evidence) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for kind, values := range c.known {
		for _, value := range values {
			for _, shape := range disguises(value) {
				for _, e := range seen {
					if at := bytes.Index(e.bytes, shape); at >= 0 && !slices.Contains(e.may, kind) {
						found = append(found, fmt.Sprintf("%s in %s: …%q…", kind, e.where, around(e.bytes, at, len(shape))))
					}
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// around is the place of a leak, for the person who has to find it.
func around(b []byte, at, length int) []byte {
	return b[max(0, at-120):min(len(b), at+length+20)]
}

// wiretap stands between Valetkey and the provider, passes everything on and
// notes each secret that goes by: what was issued cannot be planted.
type wiretap struct {
	*httptest.Server
	canaries *canaries
}

func startWiretap(t *testing.T, as authServer, known *canaries) *wiretap {
	t.Helper()
	tap := &wiretap{canaries: known}
	mux := http.NewServeMux()
	mux.Handle("/api/", tap.to(t, strings.TrimSuffix(as.APIURL, "/api")))
	mux.Handle("/", tap.to(t, as.Issuer))
	tap.Server = httptest.NewServer(mux)
	t.Cleanup(tap.Close)
	return tap
}

func (w *wiretap) to(t *testing.T, target string) http.Handler {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			w.hearRequest(r.In, r.Out)
		},
		ModifyResponse: w.hearResponse,
	}
}

// hearRequest notes the credentials and form fields of a request.
func (w *wiretap) hearRequest(in, out *http.Request) {
	_, credentials, _ := strings.Cut(in.Header.Get("Authorization"), " ")
	w.canaries.plant("credentials as sent", credentials)
	if in.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return
	}
	out.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	for _, name := range []string{"code", "code_verifier", "client_secret", "client_assertion", "device_code", "refresh_token"} {
		w.canaries.plant(name, form.Get(name))
	}
}

// hearResponse notes the tokens of a token response.
func (w *wiretap) hearResponse(res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var tokens map[string]any
	if json.Unmarshal(body, &tokens) != nil {
		return nil
	}
	for _, name := range []string{"access_token", "refresh_token", "id_token", "device_code"} {
		if value, ok := tokens[name].(string); ok {
			w.canaries.plant(name, value)
		}
	}
	return nil
}

func TestTheScannerFindsACanaryInEveryDisguise(t *testing.T) {
	const secret = "cänary/+ \"secret\" 0123"
	known := &canaries{}
	known.plant("secret", secret)
	known.plant("another", "nowhere-to-be-seen")
	quoted, err := json.Marshal(map[string]string{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as it is":        "client_secret=" + secret + "&",
		"in a form":       url.Values{"client_secret": {secret}}.Encode(),
		"in a path":       "/" + url.PathEscape(secret),
		"in JSON":         string(quoted),
		"base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64url":       base64.URLEncoding.EncodeToString([]byte(secret)),
		"hexadecimal":     fmt.Sprintf("%x", secret),
		"in binary bytes": "\x00\xff" + secret + "\x00",
	} {
		if found := known.leaks([]evidence{{where: name, bytes: []byte(text)}}); len(found) != 1 || !strings.HasPrefix(found[0], "secret in "+name) {
			t.Errorf("%s: %q", name, found)
		}
		if found := known.leaks([]evidence{{where: name, bytes: []byte(text), may: []string{"secret"}}}); len(found) != 0 {
			t.Errorf("%s: found where it belongs: %q", name, found)
		}
	}
	if found := known.leaks([]evidence{{where: "clean", bytes: []byte("client_secret=••••")}}); len(found) != 0 {
		t.Errorf("found where nothing is: %q", found)
	}
}
