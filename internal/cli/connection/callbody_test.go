package connection

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

func TestAFormWithFilesTellsItsLengthAndWhatTheFilesAre(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.json": `{"a":1}`, "böse \"b\".bin": "\x00\x01"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := multipartBody(callFlags{
		form:  []string{"note=hi", "note=again"},
		files: []string{"doc=@" + filepath.Join(dir, "a.json"), "raw=@" + filepath.Join(dir, "böse \"b\".bin")},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(b.kind)
	if err != nil {
		t.Fatal(err)
	}
	counted := &counting{Reader: b.reader}
	reader := multipart.NewReader(counted, params["boundary"])
	var got []string
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part.FormName()+"|"+part.FileName()+"|"+part.Header.Get("Content-Type")+"|"+string(text))
	}
	_, _ = io.Copy(io.Discard, counted)
	if counted.n != b.size || b.size == 0 {
		t.Errorf("%d bytes were told, %d came", b.size, counted.n)
	}
	want := []string{"note|||hi", "note|||again", `doc|a.json|application/json|{"a":1}`, "raw|böse \"b\".bin|application/octet-stream|\x00\x01"}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// counting counts what is read.
type counting struct {
	io.Reader
	n int64
}

// Read implements [io.Reader].
func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func TestARedirectThatIsNotFollowedIsTold(t *testing.T) {
	for include, told := range map[bool]bool{false: true, true: false} {
		var said bytes.Buffer
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		})
		p := Commands{prompt.New(prompt.Streams{Out: io.Discard, Err: &said}, prompt.Env{})}
		err := p.call(t.Context(), &prompt.Session{Client: client.NewForHandler(h)}, "mail", client.CallRequest{Path: "/me"}, callFlags{include: include})
		if err != nil || strings.Contains(said.String(), "redirects to /elsewhere") != told {
			t.Errorf("include %v: %q, %v", include, said.String(), err)
		}
	}
}
