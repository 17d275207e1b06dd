package answer

import (
	"testing"

	"github.com/valetkey/valetkey/api"
)

const (
	fault11 = `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/><soap:Body><soap:Fault>` +
		`<faultcode>soap:Client</faultcode><faultstring> Session expired </faultstring><detail><code n="7">E1</code><code>E2</code></detail></soap:Fault></soap:Body></soap:Envelope>`
	fault12 = `<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body><env:Fault><env:Code><env:Value>env:Sender</env:Value></env:Code>` +
		`<env:Reason><env:Text xml:lang="en">No such order</env:Text></env:Reason></env:Fault></env:Body></env:Envelope>`
)

func TestAPathNamesElementsOfXMLFromTheOutermost(t *testing.T) {
	for path, want := range map[string]string{
		"/Envelope/Body/Fault/faultstring":             "Session expired",
		"soap:Envelope/soap:Body/soap:Fault/faultcode": "soap:Client",
		"/Envelope/Body/Fault/detail/code":             "E1",
		"/Envelope/Body/Fault/detail/code/1":           "E2",
		"/Envelope/Body/Fault/detail/code/@n":          "7",
		"/Envelope/Body/Fault":                         "",
		"/Envelope/Body/Fault/detail/code/2":           "-",
		"/Envelope/Body/Fault/detail/code/@m":          "-",
		"/Envelope/Fault":                              "-",
		"/Body":                                        "-",
		"":                                             "-",
		"/@n":                                          "-",
		"/0":                                           "-",
		"/Envelope/Body/Fault/detail/code/@n/deeper":      "-",
		"/Envelope/Body/Fault/detail/code/-1":             "-",
		"/Envelope/Body/Fault/faultstring/missing/@other": "-",
	} {
		got, found := Read("text/xml", []byte(fault11)).Lookup(path)
		if !found {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestADocumentIsReadForWhatItsLabelOrItsBeginningSays(t *testing.T) {
	for _, c := range []struct{ label, body, path, want string }{
		{"application/json", `{"a":"x"}`, "a", "x"},
		{"application/problem+json", `{"a":"x"}`, "a", "x"},
		{"text/html", `{"a":"x"}`, "a", "x"},
		{"", " \n{\"a\":\"x\"}", "a", "x"},
		{"", "\xef\xbb\xbf{\"a\":\"x\"}", "a", "x"},
		{"nonsense;;", `<a>x</a>`, "a", "x"},
		{"application/atom+xml", `<a>x</a>`, "a", "x"},
		{"text/plain", `<a>x</a>`, "a", "x"},
		{MediaType(Form), "a=x+y&b=1", "a", "x y"},
		{MediaType(Form), "b=1", "a", "-"},
		{"text/plain", "a=x", "a", "-"},
		{"application/json", `<a>x</a>`, "a", "-"},
		{"application/json; charset=ISO-8859-1", "{\"a\":\"caf\xe9\"}", "a", "café"},
		{"text/xml", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf\xe9</a>", "a", "café"},
		{"text/xml; charset=iso-8859-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf\xe9</a>", "a", "café"},
		{"application/json; charset=windows-1252", "{\"a\":\"10 \x80\"}", "a", "10 €"},
		{"application/json; charset=martian", `{"a":"x"}`, "a", "x"},
		{"application/json", "\xff\xfe{\x00\"\x00a\x00\"\x00:\x00\"\x00x\x00\"\x00}\x00", "a", "x"},
		{"text/xml", "\xfe\xff\x00<\x00a\x00>\x00x\x00<\x00/\x00a\x00>", "a", "x"},
		{"text/xml", "<?xml version=\"1.0\" encoding=\"martian\"?><a>caf\xe9</a>", "a", "-"},
	} {
		got, found := Read(c.label, []byte(c.body)).Lookup(c.path)
		if !found {
			got = "-"
		}
		if got != c.want {
			t.Errorf("%s %q: %q, want %q", c.label, c.body, got, c.want)
		}
	}
}

func TestADocumentThatBreaksOffHoldsWhatStoodBefore(t *testing.T) {
	for body, want := range map[string]string{
		`<a><b>x</b><c>half`: "x", `<a><b>x</b`: "-", `<a><other>1</other><b>x</b>`: "x", `<a><b>half`: "-", `<a`: "-", `<a><b>x<i>y`: "x",
	} {
		got, found := Read("text/xml", []byte(body)).Lookup("/a/b")
		if !found {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

func TestAnswersAreJudgedByTheRulesOfTheirConnection(t *testing.T) {
	ok := api.OutcomeRules{SuccessPath: "/ok", SuccessValues: api.StringList{"true", "1"}, ErrorPath: "/error"}
	fail := api.OutcomeRules{FailPath: "/errors/0/message"}
	for name, c := range map[string]struct {
		status  int
		body    string
		rules   api.OutcomeRules
		soap    bool
		failed  bool
		message string
	}{
		"a success":                    {200, `{"ok":true}`, ok, false, false, ""},
		"a success beside an error":    {200, `{"ok":1,"error":"warned"}`, ok, false, false, ""},
		"a failure with its message":   {200, `{"ok":false,"error":"channel_not_found"}`, ok, false, true, "channel_not_found"},
		"a failure without one":        {200, `{"ok":false}`, ok, false, true, "the answer has /ok: false"},
		"no success":                   {200, `{}`, ok, false, true, "the answer has nothing at /ok"},
		"an error status says enough":  {404, `{"ok":true,"error":"gone"}`, ok, false, true, "gone"},
		"an error status in silence":   {404, ``, api.OutcomeRules{}, false, true, ""},
		"GraphQL":                      {200, `{"errors":[{"message":"No such\n board"}]}`, fail, false, true, "the answer has /errors/0/message: No such board"},
		"GraphQL that went well":       {200, `{"data":{}}`, fail, false, false, ""},
		"a value that is no failure":   {200, `{"status":"fine"}`, api.OutcomeRules{FailPath: "status", FailValues: api.StringList{"error"}}, false, false, ""},
		"a value in other case":        {200, `{"status":"ERROR"}`, api.OutcomeRules{FailPath: "status", FailValues: api.StringList{"error"}}, false, true, "the answer has status: ERROR"},
		"an object is a failure":       {200, `{"fault":{}}`, api.OutcomeRules{FailPath: "fault"}, false, true, "the answer has fault"},
		"a SOAP 1.1 fault in a 200":    {200, fault11, api.OutcomeRules{}, true, true, "Session expired"},
		"a SOAP 1.2 fault":             {500, fault12, api.OutcomeRules{}, true, true, "No such order"},
		"a SOAP fault by its own path": {500, fault12, api.OutcomeRules{ErrorPath: "/Envelope/Body/Fault/Code/Value"}, true, true, "env:Sender"},
		"an envelope without a fault":  {200, `<Envelope><Body><r/></Body></Envelope>`, api.OutcomeRules{}, true, false, ""},
		"a fault that says nothing":    {200, `<Envelope><Body><Fault/></Body></Envelope>`, api.OutcomeRules{}, true, true, "a SOAP fault"},
		"a fault where none is spoken": {200, fault11, api.OutcomeRules{}, false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := Judge(c.status, Read("", []byte(c.body)), c.rules, c.soap)
			if got.Failed != c.failed || got.Message != c.message {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAMessageFitsInOneLine(t *testing.T) {
	long := make([]rune, 400)
	for i := range long {
		long[i] = 'é'
	}
	for text, want := range map[string]string{
		"a\r\nSet-Cookie: x": "a Set-Cookie: x", "tab\there\x00": "tab here", "bad\xff": "bad?", "": "", string(long): string(long[:300]) + "…",
	} {
		if got := line(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestMediaTypesMayBeNamedShortly(t *testing.T) {
	for name, known := range map[string]bool{"json": true, "xml": true, "soap": true, "form": true, "text": true, "application/vnd.x+json": true, "yaml": false, "": false, "a b": false} {
		if Known(name) != known {
			t.Errorf("%q: %v", name, !known)
		}
	}
}

func FuzzXMLPaths(f *testing.F) {
	f.Add([]byte(fault11), "/Envelope/Body/Fault/0")
	f.Add([]byte("<?xml version='1.0' encoding='latin1'?><a>\xe9"), "a/@b")
	f.Fuzz(func(_ *testing.T, document []byte, path string) { Read("text/xml", document).Lookup(path) })
}
