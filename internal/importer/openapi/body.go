package openapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/importer/draft"
)

const (
	mediaJSON      = "application/json"
	mediaForm      = "application/x-www-form-urlencoded"
	mediaMultipart = "multipart/form-data"
)

// body reads what an operation sends: requestBody, or in Swagger 2.0 the
// parameters in body and formData.
func (r *reader) body(op *api.Operation, at draft.Value, names *names) {
	if r.version == "2" {
		r.body2(op, at, names)
		return
	}
	body := r.resolve(at.Get("requestBody"))
	content := body.Get("content")
	if !content.IsMap() {
		return
	}
	mediaType := chosen(content.Keys())
	op.Body = &api.OperationBody{
		MediaType:   mediaType,
		Required:    body.Get("required").Bool(),
		Description: prose(body.Get("description")),
	}
	if mediaType == mediaMultipart {
		r.multipart(op, content.Get(mediaType))
	}
	if mediaType != mediaForm {
		return
	}
	schema := r.resolve(content.Get(mediaType).Get("schema"))
	fields := schema.Get("properties")
	required := make(map[string]bool)
	for _, name := range schema.Get("required").Texts() {
		required[name] = true
	}
	for _, name := range fields.Keys() {
		if !r.afford(fields, 1) {
			break
		}
		field := r.resolve(fields.Get(name))
		p := r.described(field, field)
		p.Required = required[name]
		r.field(op, name, p, names)
	}
}

// chosen is the media type an operation sends: JSON, else a form, else the first.
func chosen(offered []string) string {
	for _, wanted := range []string{mediaJSON, mediaForm} {
		for _, mediaType := range offered {
			if plainType, _, _ := strings.Cut(mediaType, ";"); strings.EqualFold(strings.TrimSpace(plainType), wanted) {
				return wanted
			}
		}
	}
	for _, mediaType := range offered {
		if strings.Contains(mediaType, "json") && !strings.Contains(mediaType, "*") {
			return mediaType
		}
	}
	for _, mediaType := range offered {
		if !strings.Contains(mediaType, "*") {
			return mediaType
		}
	}
	return mediaJSON
}

// body2 reads the body of Swagger 2.0.
func (r *reader) body2(op *api.Operation, at draft.Value, names *names) {
	consumes := r.consumes(at)
	form, files := false, false
	for _, p := range r.listed(at.Get("parameters")) {
		switch p.Get("in").Text() {
		case "body":
			op.Body = &api.OperationBody{
				MediaType: chosen(consumes), Required: p.Get("required").Bool(),
				Description: prose(p.Get("description")),
			}
		case "formData":
			form = true
			files = files || p.Get("type").Text() == "file"
		}
	}
	if !form {
		return
	}
	if files || slices.Contains(consumes, mediaMultipart) && !slices.Contains(consumes, mediaForm) {
		op.Body = &api.OperationBody{MediaType: mediaMultipart}
		r.multipart(op, at.Get("parameters"))
		return
	}
	op.Body = &api.OperationBody{MediaType: mediaForm}
	for _, p := range r.listed(at.Get("parameters")) {
		if p.Get("in").Text() == "formData" {
			r.field(op, p.Get("name").Text(), r.described(p, p), names)
		}
	}
}

// maxMedia is how many media types are looked at: an operation has a few, and
// all operations may share one list.
const maxMedia = 50

// consumes lists the media types an operation takes: its own, or all's.
func (r *reader) consumes(at draft.Value) []string {
	list := at.Get("consumes")
	if !list.IsList() {
		list = r.root.Get("consumes")
	}
	var found []string
	for i := range maxMedia {
		if mediaType := list.Step(strconv.Itoa(i)).Text(); mediaType != "" {
			found = append(found, mediaType)
		}
	}
	return found
}

// field is one field of a form.
func (r *reader) field(op *api.Operation, name string, p api.OperationParameter, names *names) {
	if name == "" {
		return
	}
	ours := names.of(name, api.ParameterInBody)
	p.In, p.Name = api.ParameterInBody, differs(name, ours)
	put(op, ours, p)
}

func (r *reader) multipart(op *api.Operation, at draft.Value) {
	op.Body.Description = strings.TrimSpace(op.Body.Description + " The caller gives the whole body, with its boundary.")
	r.note(at, "a body in parts", "an operation does not compose multipart/form-data", "give the whole body, or use valetkey call")
}
