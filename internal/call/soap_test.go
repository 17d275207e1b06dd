package call

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheActionOfASOAPMessageStandsWhereItsVersionHasIt(t *testing.T) {
	for name, c := range map[string]struct {
		header         http.Header
		body           string
		action, labels string // what the API sees in SOAPAction and Content-Type
	}{
		"1.1":                {http.Header{"Content-Type": {"text/xml; charset=utf-8"}}, "<a/>", `"urn:get"`, "text/xml; charset=utf-8"},
		"1.1, named":         {http.Header{"Content-Type": {"text/xml"}, "Soapaction": {`"urn:put"`}}, "<a/>", `"urn:put"`, "text/xml"},
		"by the settings":    {nil, "<a/>", `"urn:get"`, "text/xml; charset=utf-8"},
		"1.2":                {http.Header{"Content-Type": {"application/soap+xml; charset=utf-8"}}, "<a/>", "", `application/soap+xml; action="urn:get"; charset=utf-8`},
		"1.2, named":         {http.Header{"Content-Type": {`application/soap+xml; action="urn:put"`}}, "<a/>", "", `application/soap+xml; action="urn:put"`},
		"nothing to be done": {nil, "", "", ""},
	} {
		var action, labels string
		r := newRig(t, "", func(_ http.ResponseWriter, r *http.Request) {
			action, labels = r.Header.Get("SOAPAction"), r.Header.Get("Content-Type")
		})
		r.credentials.target.SOAPAction, r.credentials.target.MediaType = "urn:get", "soap"
		request := Request{Method: "POST", Path: "/", Header: c.header}
		if c.body != "" {
			request.Body, request.ContentLength = strings.NewReader(c.body), int64(len(c.body))
		}
		if r.do(t, request); action != c.action || labels != c.labels {
			t.Errorf("%s: %q in %q, want %q in %q", name, action, labels, c.action, c.labels)
		}
	}
}
