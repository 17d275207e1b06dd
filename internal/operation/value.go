package operation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// values are the parameters of one run, each of its type: string, json.Number,
// bool, []any or map[string]any. What the caller left out is absent.
type values map[string]any

// read checks what a caller gave against what an operation takes. The error
// has [api.CodeInvalid] and names every mistake.
func read(name string, op api.Operation, given map[string]any) (values, error) {
	known := slices.Sorted(maps.Keys(op.Parameters))
	out := make(values, len(known))
	var wrong []string
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if _, declared := op.Parameters[key]; !declared {
			wrong = append(wrong, "there is no parameter "+key+strictyaml.Suggest(key, known))
		}
	}
	for _, key := range known {
		p := op.Parameters[key]
		value, present := given[key]
		if !present || value == nil {
			value = p.Default
		}
		if value == nil {
			if p.Required || inPath(op, key) {
				wrong = append(wrong, "the parameter "+key+" is missing")
			}
			continue
		}
		typed, why := typed(p, value)
		if why != "" {
			wrong = append(wrong, "the parameter "+key+" "+why)
			continue
		}
		out[key] = typed
	}
	if len(wrong) == 0 {
		return out, nil
	}
	return nil, fault.New(api.CodeInvalid, "the operation %s cannot be run: %s", name, strings.Join(wrong, "; ")).
		WithHint("give a parameter as --param NAME=VALUE; valetkey operations CONNECTION %s shows what it takes", name)
}

// typed reads a value as the parameter's type, or says why it is not one.
func typed(p api.OperationParameter, value any) (any, string) {
	switch p.Type {
	case api.TypeArray:
		return list(value)
	case api.TypeObject:
		if text, ok := value.(string); ok {
			value = parsed(text)
		}
		if object, ok := value.(map[string]any); ok {
			return object, ""
		}
		return nil, "is not a JSON object"
	}
	text, single := textOf(value)
	switch {
	case !single:
		return nil, "is given more than once, or is no single value"
	case len(p.Enum) > 0 && !slices.Contains(p.Enum, text):
		return nil, "cannot be " + strconv.Quote(text) + ": it is one of " + strings.Join(p.Enum, ", ")
	}
	return scalar(p.Type, text)
}

// scalar reads a text as a type.
func scalar(kind, text string) (any, string) {
	switch kind {
	case api.TypeInteger:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return nil, "is not a whole number: " + strconv.Quote(text)
		}
		return json.Number(text), ""
	case api.TypeNumber:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || !json.Valid([]byte(text)) {
			return nil, "is not a number: " + strconv.Quote(text)
		}
		return json.Number(text), ""
	case api.TypeBoolean:
		if text != "true" && text != "false" {
			return nil, "is neither true nor false: " + strconv.Quote(text)
		}
		return text == "true", ""
	}
	return text, ""
}

// list reads a list: as one, as JSON, or as a text with commas.
func list(value any) (any, string) {
	switch v := value.(type) {
	case []any:
		return v, ""
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return items, ""
	case string:
		if strings.HasPrefix(strings.TrimSpace(v), "[") {
			if items, ok := parsed(v).([]any); ok {
				return items, ""
			}
			return nil, "is not a JSON list"
		}
		var items []any
		for item := range strings.SplitSeq(v, ",") {
			items = append(items, item)
		}
		return items, ""
	}
	return []any{value}, ""
}

// parsed is a text as JSON has it, or nil.
func parsed(text string) any {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil || decoder.More() {
		return nil
	}
	return value
}

// textOf writes a scalar as text.
func textOf(value any) (text string, scalar bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int, int64, uint64:
		return fmt.Sprint(v), true
	}
	return "", false
}

// flat is any value as one text; a list joined as the parameter's style says,
// an object as JSON.
func flat(p api.OperationParameter, value any) string {
	if text, scalar := textOf(value); scalar {
		return text
	}
	items, isList := value.([]any)
	if !isList {
		text, err := json.Marshal(value)
		if err != nil {
			return "" // cannot happen: it came from JSON
		}
		return string(text)
	}
	separator := ","
	switch p.Style {
	case api.StyleSpace:
		separator = " "
	case api.StylePipe:
		separator = "|"
	}
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = flat(api.OperationParameter{}, item)
	}
	return strings.Join(texts, separator)
}
