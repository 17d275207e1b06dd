package tokenfile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/tokenfile"
)

var written = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func TestTokenFilesOfEveryShapeAreRead(t *testing.T) {
	for name, content := range map[string]string{
		"an answer":    `{"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":3600,"scope":"a b"}`,
		"as text":      `{"access_token":"at","refresh_token":"rt","expires_in":"3600","scope":"a b"}`,
		"by instant":   `{"access_token":"at","refresh_token":"rt","expires_at":"2026-11-21T10:00:00Z","scope":"a b"}`,
		"form-encoded": `access_token=at&refresh_token=rt&expires_in=3600&scope=a+b`,
		"with a BOM":   "\ufeff" + `{"access_token":"at","refresh_token":"rt","expires_in":3600,"scope":"a b"}` + "\r\n",
	} {
		set, err := tokenfile.Read("token.json", []byte(content), written)
		if err != nil || set.AccessToken != "at" || set.RefreshToken != "rt" || set.Scope != "a b" {
			t.Errorf("%s: %#v %v", name, set, err)
			continue
		}
		if set.ExpiresAt == nil || !set.ExpiresAt.Equal(written.Add(time.Hour)) {
			t.Errorf("%s: expires at %v", name, set.ExpiresAt)
		}
	}
}

func TestAFileThatIsNoTokenFileIsNotQuoted(t *testing.T) {
	for _, content := range []string{"", "hunter2", `{"password":"hunter2"}`, `{"error":"hunter2"}`, "<html>hunter2", "access_token: hunter2"} {
		_, err := tokenfile.Read("token.json", []byte(content), written)
		found := fault.As(err)
		if err == nil || found.Code != api.CodeInvalid || strings.Contains(found.Message+found.Hint, "hunter2") || !strings.Contains(found.Message, "token.json") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"access_token":"at","expires_in":1e400}`))
	f.Add([]byte("access_token=at&access_token=bt"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if set, err := tokenfile.Read("f", content, written); err == nil && set.AccessToken == "" {
			t.Fatal("read without a token")
		}
	})
}
