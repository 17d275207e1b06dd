package fragment_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/internal/web/fragment"
)

func TestThePageRunsItsOneScriptFromAFile(t *testing.T) {
	w := httptest.NewRecorder()
	if err := fragment.Page(w, "/valet"); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	for _, want := range []string{`action="/valet/oauth/fragment"`, `src="/valet/oauth/fragment.js"`, "valetkey connect NAME"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if inline := regexp.MustCompile(`<script[^>]*>[^<]|<style|\son\w+=`).FindString(body); inline != "" {
		t.Errorf("the policy of our pages forbids %s", inline)
	}
	if w.Code != 400 {
		t.Errorf("without an answer it is %d", w.Code)
	}
}

func TestTheScriptClearsTheAddressBeforeItSends(t *testing.T) {
	w := httptest.NewRecorder()
	fragment.Script(w, httptest.NewRequest("GET", "/oauth/fragment.js", nil))
	text := w.Body.String()
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Error(w.Header())
	}
	cleared, sent := strings.Index(text, "history.replaceState"), strings.Index(text, "form.submit")
	if cleared < 0 || sent < cleared {
		t.Errorf("the token stays in the history: %d, %d", cleared, sent)
	}
	for _, elsewhere := range []string{"fetch(", "XMLHttpRequest", "http:", "https:", "innerHTML", "eval"} {
		if strings.Contains(text, elsewhere) {
			t.Errorf("the script has %s", elsewhere)
		}
	}
}
