package rest

import (
	"bytes"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
)

// outgoing is a call as the engine takes it.
func outgoing(req api.CallRequest) (call.Request, error) {
	header := make(http.Header, len(req.Header))
	for name, values := range req.Header {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	body, kind, err := bodyOf(req)
	if err != nil {
		return call.Request{}, err
	}
	if kind != "" && (header.Get("Content-Type") == "" || len(req.Files) > 0) {
		header.Set("Content-Type", kind)
	}
	out := call.Request{Method: req.Method, Path: req.Path, RawQuery: url.Values(req.Query).Encode(), Header: header}
	if len(body) > 0 {
		out.Body, out.ContentLength = bytes.NewReader(body), int64(len(body))
	}
	return out, nil
}

// bodyOf is the body of a call, and its media type where the way it was given
// decides that.
func bodyOf(req api.CallRequest) (body []byte, kind string, err error) {
	ways := 0
	for _, given := range []bool{len(req.Body) > 0, req.Text != "", len(req.Form)+len(req.Files) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return nil, "", fault.New(api.CodeInvalid, "a call has one of body, text and form with files, not both").
			WithHint("body is base64, text is sent as it stands, form and files are encoded here")
	case len(req.Files) > 0:
		return multipartForm(req)
	case len(req.Form) > 0:
		return []byte(url.Values(req.Form).Encode()), "application/x-www-form-urlencoded", nil
	case req.Text != "":
		return []byte(req.Text), "", nil
	}
	return req.Body, "", nil
}

// multipartForm writes a form with files (RFC 7578).
func multipartForm(req api.CallRequest) ([]byte, string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(req.Form)) {
		for _, value := range req.Form[name] {
			if err := form.WriteField(name, value); err != nil {
				return nil, "", err
			}
		}
	}
	for _, file := range req.Files {
		part, err := filePart(file)
		if err != nil {
			return nil, "", err
		}
		to, err := form.CreatePart(part)
		if err != nil {
			return nil, "", err
		}
		if _, err := to.Write(file.Content); err != nil {
			return nil, "", err
		}
	}
	err := form.Close()
	return body.Bytes(), form.FormDataContentType(), err
}

// filePart is the header of a file in a form.
func filePart(file api.CallFile) (textproto.MIMEHeader, error) {
	kind := file.ContentType
	if kind == "" {
		kind = "application/octet-stream"
	}
	if _, _, err := mime.ParseMediaType(kind); err != nil || file.Field == "" {
		return nil, fault.New(api.CodeInvalid, "a file of the form has no field, or a content_type that is none").
			WithHint("write {\"field\": \"document\", \"name\": \"report.pdf\", \"content_type\": \"application/pdf\", \"content\": BASE64}")
	}
	name := file.Name
	if name == "" {
		name = file.Field
	}
	return textproto.MIMEHeader{
		"Content-Disposition": {multipart.FileContentDisposition(file.Field, name)},
		"Content-Type":        {kind},
	}, nil
}
