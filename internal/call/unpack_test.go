package call

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// packing answers gzipped where that is asked for, and says what was asked.
func packing(w http.ResponseWriter, r *http.Request) {
	asked := r.Header.Get("Accept-Encoding")
	if !strings.Contains(asked, "gzip") {
		_, _ = io.WriteString(w, `{"asked":"`+asked+`"}`)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Type", "application/json")
	writer := gzip.NewWriter(w)
	_, _ = io.WriteString(writer, `{"asked":"`+asked+`"}`)
	writer.Close()
}

func TestAnswersAreUnpackedOnlyWhereConfiguredAndTheCallerIsSilent(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		set      *bool
		request  Request
		plain    bool
		encoding string
	}{
		"configured":           {&yes, Request{Path: "/"}, true, ""},
		"the caller asks":      {&yes, Request{Path: "/", Header: http.Header{"Accept-Encoding": {"gzip"}}}, false, "gzip"},
		"a part is wanted":     {&yes, Request{Path: "/", Header: http.Header{"Range": {"bytes=0-1"}}}, true, ""},
		"default":              {nil, Request{Path: "/"}, true, ""},
		"default, it is asked": {nil, Request{Path: "/", Header: http.Header{"Accept-Encoding": {"gzip"}}}, false, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "", packing)
			r.credentials.target.Compression = test.set
			response, body := r.do(t, test.request)
			if response.Header.Get("Content-Encoding") != test.encoding || strings.HasPrefix(body, "{") != test.plain {
				t.Errorf("%v %q", response.Header, body)
			}
			if name == "configured" && (body != `{"asked":"gzip"}` || response.ContentLength != -1 || response.Header.Get("Content-Length") != "") {
				t.Errorf("%v, length %d, %q", response.Header, response.ContentLength, body)
			}
		})
	}
}

func TestRulesLookIntoAnswersThatAreUnpacked(t *testing.T) {
	yes := true
	r := newRig(t, "", packing)
	r.credentials.target.Compression = &yes
	r.credentials.target.AuthError.AnswerRule = api.AnswerRule{Path: "asked", Values: api.StringList{"gzip"}}
	if r.do(t, Request{Path: "/"}); r.credentials.renewals != 1 {
		t.Errorf("%d renewals", r.credentials.renewals)
	}
}

func TestAnAnswerThatIsNotWhatItSaysBreaksOff(t *testing.T) {
	yes := true
	r := newRig(t, "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "not compressed")
	})
	r.credentials.target.Compression = &yes
	response, err := r.Do(t.Context(), "mail", Request{Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%q passed for an answer", body)
	}
}
