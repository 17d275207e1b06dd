package connection

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// body is what a call sends. Its reader may be an [io.Closer].
type body struct {
	reader io.Reader // nil for none
	kind   string    // the content type, unless a header names one
	size   int64     // 0: not known, or a reader whose size net/http finds out
}

func (p Commands) callBody(f callFlags, hasData bool) (body, error) {
	switch {
	case len(f.files) > 0:
		return multipartBody(f)
	case len(f.form) > 0:
		values := url.Values{}
		for _, text := range f.form {
			name, value, found := strings.Cut(text, "=")
			if !found || name == "" {
				return body{}, prompt.Usage("write --form NAME=VALUE", "--form %q is not NAME=VALUE", text)
			}
			values.Add(name, value)
		}
		return body{reader: strings.NewReader(values.Encode()), kind: "application/x-www-form-urlencoded"}, nil
	case !hasData:
		return body{}, nil
	case f.data == "@-":
		return body{reader: io.NopCloser(p.Streams.In), kind: "application/octet-stream"}, nil
	case strings.HasPrefix(f.data, "@"):
		return fileBody(f.data[1:])
	}
	return body{reader: strings.NewReader(f.data), kind: textKind(f.data)}, nil
}

// textKind tells JSON from other text, since JSON is what most APIs take.
func textKind(text string) string {
	if start := strings.TrimSpace(text); strings.HasPrefix(start, "{") || strings.HasPrefix(start, "[") {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

func fileBody(path string) (body, error) {
	file, err := os.Open(path)
	if err != nil {
		return body{}, prompt.Unreadable(path, err)
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		_ = file.Close()
		return body{}, prompt.Usage("give a file", "%s is not a file", path)
	}
	kind := mime.TypeByExtension(filepath.Ext(path))
	if kind == "" {
		kind = "application/octet-stream"
	}
	return body{reader: file, kind: kind, size: info.Size()}, nil
}

// multipartBody streams the files: none is held in memory.
func multipartBody(f callFlags) (body, error) {
	for _, text := range f.form {
		if name, _, found := strings.Cut(text, "="); !found || name == "" {
			return body{}, prompt.Usage("write --form NAME=VALUE", "--form %q is not NAME=VALUE", text)
		}
	}
	for _, text := range f.files {
		name, path, found := strings.Cut(text, "=@")
		if !found || name == "" {
			return body{}, prompt.Usage("write --file NAME=@FILE", "--file %q is not NAME=@FILE", text)
		}
		if _, err := os.Stat(path); err != nil {
			return body{}, prompt.Unreadable(path, err)
		}
	}
	reader, pipe := io.Pipe()
	form := multipart.NewWriter(pipe)
	go func() { _ = pipe.CloseWithError(writeForm(form, f)) }()
	return body{reader: reader, kind: form.FormDataContentType()}, nil
}

func writeForm(form *multipart.Writer, f callFlags) error {
	for _, text := range f.form {
		name, value, _ := strings.Cut(text, "=")
		if err := form.WriteField(name, value); err != nil {
			return err
		}
	}
	for _, text := range f.files {
		name, path, _ := strings.Cut(text, "=@")
		if err := writeFile(form, name, path); err != nil {
			return err
		}
	}
	return form.Close()
}

func writeFile(form *multipart.Writer, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	part, err := form.CreateFormFile(name, filepath.Base(path))
	if err != nil {
		return fmt.Errorf("writing the form: %w", err)
	}
	_, err = io.Copy(part, file)
	return err
}
