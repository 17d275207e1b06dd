package connection

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
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
	return body{reader: file, kind: fileKind(path), size: info.Size()}, nil
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
	size, err := formSize(form.Boundary(), f)
	if err != nil {
		return body{}, err
	}
	go func() { _ = pipe.CloseWithError(writeForm(form, f, writeFile)) }()
	return body{reader: reader, kind: form.FormDataContentType(), size: size}, nil
}

// formSize is how many bytes a form has: many servers of forms want to know
// before they read one. It is 0 where a file does not say, as a pipe does not.
func formSize(boundary string, f callFlags) (int64, error) {
	var around bytes.Buffer
	form := multipart.NewWriter(&around)
	if err := form.SetBoundary(boundary); err != nil {
		return 0, err
	}
	var files int64
	known := true
	err := writeForm(form, f, func(_ io.Writer, path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		files += info.Size()
		known = known && info.Mode().IsRegular()
		return nil
	})
	if err != nil || !known {
		return 0, err
	}
	return int64(around.Len()) + files, nil
}

// writeForm writes the fields and then the files, each by a function of its path.
func writeForm(form *multipart.Writer, f callFlags, content func(part io.Writer, path string) error) error {
	for _, text := range f.form {
		name, value, _ := strings.Cut(text, "=")
		if err := form.WriteField(name, value); err != nil {
			return err
		}
	}
	for _, text := range f.files {
		name, path, _ := strings.Cut(text, "=@")
		part, err := form.CreatePart(fileHeader(name, path))
		if err == nil {
			err = content(part, path)
		}
		if err != nil {
			return err
		}
	}
	return form.Close()
}

// fileHeader is the header of a file's part (RFC 7578 sections 4.2, 4.4).
func fileHeader(name, path string) textproto.MIMEHeader {
	return textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(name, filepath.Base(path))},
		"Content-Type":        {fileKind(path)},
	}
}

func writeFile(part io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(part, file)
	return err
}

// fileKind is the media type of a file by its name.
func fileKind(path string) string {
	if kind := mime.TypeByExtension(filepath.Ext(path)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}
