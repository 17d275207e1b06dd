package connection

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

func TestParametersOfARunAreTextsListsAndFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "note.txt")
	if err := os.WriteFile(path, []byte("a=b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Commands{prompt.New(prompt.Streams{In: strings.NewReader("piped")}, prompt.Env{})}
	r, err := p.runRequest(runFlags{params: []string{"a=1", "b=x=y", "a=2", "a=3", "text=@" + path, "at=@"}, body: "@-", limit: 4}, true)
	want := map[string]any{"a": []any{"1", "2", "3"}, "b": "x=y", "text": "a=b\n", "at": "@"}
	if err != nil || !reflect.DeepEqual(r.Params, want) || *r.Text != "piped" || r.Limit != 4 {
		t.Errorf("%+v %v", r, err)
	}
	var wrong *prompt.UsageError
	for _, f := range []runFlags{{params: []string{"a"}}, {params: []string{"=1"}}, {limit: -1}} {
		if _, err := p.runRequest(f, false); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if _, err := p.runRequest(runFlags{params: []string{"a=@" + path + ".not"}}, false); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestItemsArePrintedInEachFormat(t *testing.T) {
	items := []string{`{"b":1.50,"a":{"x":"p,q"}}`, `{"b":2,"long":"` + strings.Repeat("é", 60) + `"}`}
	for format, want := range map[string]string{
		"json":   "[\n  {\n    \"b\": 1.50,\n    \"a\": {\n      \"x\": \"p,q\"\n    }\n  },\n  {",
		"ndjson": items[0] + "\n" + items[1] + "\n",
		"csv":    "b,a.x,long\n1.50,\"p,q\",\n2,," + strings.Repeat("é", 60) + "\n",
		"yaml":   `x: "p,q"`,
		"table":  strings.Repeat("é", 39) + "…",
	} {
		var out bytes.Buffer
		p := newItemPrinter(format, &out)
		for _, item := range items {
			if err := p.item(json.RawMessage(item)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.end(); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v\n%s", format, err, out.String())
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %s", out.String())
		}
	}
	for format, want := range map[string]string{"json": "[]\n", "ndjson": "", "csv": "", "table": ""} {
		var out bytes.Buffer
		if err := newItemPrinter(format, &out).end(); err != nil || out.String() != want {
			t.Errorf("%s of nothing: %q, %v", format, out.String(), err)
		}
	}
}

func TestAnAnswerInXMLIsPrintedAsItIs(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, "<a/>")
	})
	var out bytes.Buffer
	p := Commands{prompt.New(prompt.Streams{Out: &out, Err: io.Discard}, prompt.Env{})}
	p.Flags.Output = "json"
	err := p.run(t.Context(), &prompt.Session{Client: client.NewForHandler(h)}, client.OperationRun{Connection: "mail", Operation: "it"}, runFlags{})
	if err != nil || out.String() != "<a/>" {
		t.Errorf("%q %v", out.String(), err)
	}
}

func TestAFileAppearsOnlyWhenARunWasWhole(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_, _ = io.WriteString(w, "1\n{\"valetkey_error\":{\"code\":\"upstream\"}}\n")
	})
	path := filepath.Join(t.TempDir(), "out.csv")
	p := Commands{prompt.New(prompt.Streams{Out: io.Discard, Err: io.Discard}, prompt.Env{})}
	err := p.run(t.Context(), &prompt.Session{Client: client.NewForHandler(h)}, client.OperationRun{Connection: "mail", Operation: "it"}, runFlags{out: path})
	if err == nil {
		t.Error("half a run passed for a whole one")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half a run became a file")
	}
}
