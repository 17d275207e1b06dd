package page

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

// keysIn are the texts that the templates name, as constants or by a beginning.
func keysIn(t *testing.T) (named map[string]bool, begun []string) {
	t.Helper()
	named = make(map[string]bool)
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(templateFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\bt "([a-z_.]+)"`).FindAllStringSubmatch(string(text), -1) {
			named[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`printf "([a-z_.]+)%[sd]`).FindAllStringSubmatch(string(text), -1) {
			begun = append(begun, m[1])
		}
	}
	return named, begun
}

func TestEveryTextThatATemplateNamesIsThere(t *testing.T) {
	named, begun := keysIn(t)
	words := english()
	for key := range named {
		if _, ok := words[key]; !ok && key != "overview" {
			t.Errorf("there is no text %q", key)
		}
	}
	for _, beginning := range begun {
		found := false
		for key := range words {
			found = found || strings.HasPrefix(key, beginning)
		}
		if !found {
			t.Errorf("no text begins with %q", beginning)
		}
	}
}

func TestNoTextIsThereForNothing(t *testing.T) {
	named, begun := keysIn(t)
	inCode := []string{"notice.", "missing.", "problem.", "first_run.differ", "keys.days_fault", "connection.timeline", "links.days_fault", "device.qr", "link.problem", "link.tell_sender", "connection.plot", "connection.press_", "test.", "wizard.", "found.", "setup.", "setting", "mistake.", "import.", "scope."}
	for key := range english() {
		used := named[key]
		for _, beginning := range append(begun, inCode...) {
			used = used || strings.HasPrefix(key, beginning)
		}
		if !used {
			t.Errorf("nothing says %q", key)
		}
	}
}

func TestATemplateHoldsNoTextOfItsOwn(t *testing.T) {
	files, _ := fs.Glob(templateFiles, "templates/*.html")
	tags := regexp.MustCompile(`(?s)<pre.*?</pre>|<code>.*?</code>|<[^>]*>|\{\{.*?\}\}`)
	allowed := map[string]bool{"Valetkey": true, "· Valetkey": true, "issuer": true, "authorization_endpoint": true, "token_endpoint": true, "revocation_endpoint": true, "api.base_url": true, "·": true, "5": true, "15": true, "60": true}
	for _, file := range files {
		text, _ := fs.ReadFile(templateFiles, file)
		text = regexp.MustCompile(`aria-(invalid|describedby)="[^"]*"`).ReplaceAll(text, nil)
		for _, rest := range strings.Split(tags.ReplaceAllString(string(text), "\n"), "\n") {
			rest = strings.TrimSpace(rest)
			if regexp.MustCompile(`[A-Za-z]{2}`).MatchString(rest) && !allowed[rest] && !strings.HasPrefix(rest, "&") {
				t.Errorf("%s says %q, which no words file knows", file, rest)
			}
		}
	}
}

func TestATimeIsExactForMachinesAndReadableWithoutAScript(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.FixedZone("", 3600))
	want := `<time datetime="2026-02-03T03:05:06Z" title="2026-02-03T03:05:06Z">2026-02-03 03:05 UTC</time>`
	if got := instant(at); string(got) != want || instant(&at) != got {
		t.Errorf("%s", got)
	}
	var none *time.Time
	if instant(time.Time{}) != "" || instant(none) != "" {
		t.Error("an unknown time is shown")
	}
}

func TestFilesAreNamedByWhatTheyHold(t *testing.T) {
	s := New("", Installation{})
	for name := range s.files {
		w := httptest.NewRecorder()
		if !s.Static(w, name) || w.Body.Len() == 0 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d bytes, %v", name, w.Body.Len(), w.Header())
		}
	}
	if s.Static(httptest.NewRecorder(), "app.css") {
		t.Error("a file without its content's name is served")
	}
}

func TestANoticeIsOneOfOurs(t *testing.T) {
	s := New("/keys", Installation{})
	for query, want := range map[string]string{"done=signed_out": "You are signed out.", "done=first": "", "done=%3Cb%3E": "", "done=": ""} {
		w := httptest.NewRecorder()
		s.Render(w, httptest.NewRequest("GET", "/?"+query, nil), 200, "landing", nil)
		if w.Code != 200 || strings.Contains(w.Body.String(), `role="status"`) != (want != "") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d\n%s", query, w.Code, w.Body)
		}
		if !strings.Contains(w.Body.String(), `href="/keys/sign-in"`) {
			t.Error("an address does not begin with the prefix")
		}
	}
	for _, key := range strings.Fields(notices()) {
		if _, err := s.words.say("notice." + key); err != nil {
			t.Error(err)
		}
	}
}

func TestAPageThatCannotBeRenderedIsNotBegun(t *testing.T) {
	w := httptest.NewRecorder()
	New("", Installation{}).Render(w, httptest.NewRequest("GET", "/", nil), 200, "done", nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
