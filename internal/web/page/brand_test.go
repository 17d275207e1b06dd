package page

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestAnInstallationHasANameAndAPictureOnEveryPage(t *testing.T) {
	s := New("/vk", Installation{Name: "Contoso & Sons", Picture: []byte("<svg/>"), Kind: "image/svg+xml"})
	w := httptest.NewRecorder()
	s.Render(w, httptest.NewRequest("GET", "/", nil), 200, "problem", Problem{Title: "Gone"})
	body := w.Body.String()
	for _, want := range []string{"<title>Gone · Contoso &amp; Sons</title>", ">Contoso &amp; Sons</a>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, `class="mark"`) || strings.Contains(body, "Valetkey") {
		t.Errorf("the page has another's mark:\n%s", body)
	}
	name := regexp.MustCompile(`src="/vk/static/(logo\.[0-9a-f]+\.svg)"`).FindStringSubmatch(body)
	if name == nil {
		t.Fatalf("the page has no picture:\n%s", body)
	}
	picture := httptest.NewRecorder()
	if !s.Static(picture, name[1]) || picture.Body.String() != "<svg/>" || !strings.Contains(picture.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the picture comes as %q with %v", picture.Body, picture.Header())
	}
}

func TestWithoutANameThePagesAreValetkeys(t *testing.T) {
	s := New("", Installation{})
	w := httptest.NewRecorder()
	s.Render(w, httptest.NewRequest("GET", "/", nil), 200, "problem", Problem{Title: "Gone"})
	if body := w.Body.String(); !strings.Contains(body, "<title>Gone · Valetkey</title>") || !strings.Contains(body, `class="mark"`) || s.Brand().Own {
		t.Errorf("%s", body)
	}
	png := New("", Installation{Picture: []byte("png"), Kind: "image/png"}).Brand()
	if !strings.HasSuffix(png.Picture, ".png") || png.Name != "Valetkey" {
		t.Errorf("%+v", png)
	}
}
