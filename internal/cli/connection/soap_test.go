package connection

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestABodyIsPutIntoTheEnvelopeOfItsVersion(t *testing.T) {
	const declared = `<?xml version="1.0" encoding="ISO-8859-1"?>`
	const utf8 = `<?xml version="1.0" encoding="utf-8"?>`
	for name, test := range map[string]struct {
		flags              callFlags
		body               string
		want, kind, action string
	}{
		"1.1":                 {callFlags{soap: "urn:Get"}, "<Get/>", utf8 + `<soap:Envelope xmlns:soap="` + soap11 + `"><soap:Body><Get/></soap:Body></soap:Envelope>`, "text/xml; charset=utf-8", `"urn:Get"`},
		"1.1, empty action":   {callFlags{}, "<Get/>", utf8 + `<soap:Envelope xmlns:soap="` + soap11 + `"><soap:Body><Get/></soap:Body></soap:Envelope>`, "text/xml; charset=utf-8", `""`},
		"1.2":                 {callFlags{soap: "urn:Get", soap12: true}, "<Get/>", utf8 + `<soap:Envelope xmlns:soap="` + soap12 + `"><soap:Body><Get/></soap:Body></soap:Envelope>`, `application/soap+xml; charset=utf-8; action="urn:Get"`, ""},
		"an envelope already": {callFlags{soap: "a"}, declared + `<!-- x --><e:Envelope xmlns:e="x"/>`, declared + `<!-- x --><e:Envelope xmlns:e="x"/>`, "text/xml", `"a"`},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			got, err := enveloped(body{reader: strings.NewReader(test.body)}, test.flags, header)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(got.reader)
			if string(text) != test.want || got.kind != test.kind || header.Get("SOAPAction") != test.action {
				t.Errorf("%s\n%s, action %q", text, got.kind, header.Get("SOAPAction"))
			}
		})
	}
	if _, err := enveloped(body{}, callFlags{soap: "a"}, http.Header{}); err == nil {
		t.Error("an envelope was made of nothing")
	}
}
