package openapi

import (
	"net/url"
	"path"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// maxHops is how many references may lead on to one another.
const maxHops = 32

// resolve follows a $ref to what it means. What cannot be followed is noted,
// and is then a node that is not there.
func (r *reader) resolve(v draft.Value) draft.Value {
	for range maxHops {
		ref, isRef := v.Get("$ref").Raw().(string)
		if !isRef {
			return v
		}
		target, why := r.target(v, ref)
		if why != "" {
			r.note(v, "a reference", why, "put what it refers to into the file, or give the file as well")
			return draft.Value{}
		}
		v = target
	}
	r.note(v, "a reference", "it leads back to itself", "")
	return draft.Value{}
}

// target finds what a reference names, or says why it does not.
func (r *reader) target(from draft.Value, ref string) (found draft.Value, why string) {
	file, fragment, _ := strings.Cut(ref, "#")
	root, ok := r.roots[from.File()]
	switch {
	case strings.Contains(file, "://") || strings.HasPrefix(file, "//"):
		return draft.Value{}, "it leads to an address, and nothing is fetched"
	case file != "":
		if plain, err := url.PathUnescape(file); err == nil {
			file = plain
		}
		root, ok = r.roots[path.Join(path.Dir(from.File()), file)]
	}
	if !ok {
		return draft.Value{}, "it leads to a file that was not given"
	}
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	at := root
	for step := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if step == "" {
			continue
		}
		step = strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~")
		at = at.Step(step)
	}
	if !at.Exists() {
		return draft.Value{}, "it leads nowhere"
	}
	return at, ""
}
