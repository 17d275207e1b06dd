package rest

import (
	"encoding/json"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// patchInto applies a JSON merge patch (RFC 7396) to spec, which holds what is
// there now and then what is to be written.
func patchInto[Spec any](data []byte, spec *Spec, readBack any) error {
	if len(data) == 0 {
		return fault.New(api.CodeInvalid, "the request has no body").WithHint("send the fields to change as a JSON object")
	}
	if err := unmarshal(data, new(Spec), readBack); err != nil { // also names a wrong field by its place in the patch
		return err
	}
	current, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	var patch, target map[string]json.RawMessage
	if err := json.Unmarshal(data, &patch); err != nil {
		return err
	}
	if err := json.Unmarshal(current, &target); err != nil {
		return err
	}
	merged, err := json.Marshal(merge(target, patch))
	if err != nil {
		return err
	}
	*spec = *new(Spec)
	return unmarshal(merged, spec, readBack)
}

// merge is MergePatch of RFC 7396 section 2, for two objects.
func merge(target, patch map[string]json.RawMessage) map[string]json.RawMessage {
	if target == nil {
		target = make(map[string]json.RawMessage, len(patch))
	}
	for name, value := range patch {
		var change map[string]json.RawMessage
		switch {
		case string(value) == "null":
			delete(target, name)
		case value[0] == '{' && json.Unmarshal(value, &change) == nil:
			var inner map[string]json.RawMessage
			_ = json.Unmarshal(target[name], &inner) // what is no object is replaced by one
			target[name], _ = json.Marshal(merge(inner, change))
		default:
			target[name] = value
		}
	}
	return target
}
