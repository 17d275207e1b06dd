package lenient_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/oauth/lenient"
)

func TestADocumentIsReadByItsLooks(t *testing.T) {
	for name, test := range map[string]struct {
		body, format string
		want         any
	}{
		"JSON":                       {`{"a":"b","c":[{}]}`, "", map[string]any{"a": "b", "c": []any{map[string]any{}}}},
		"a form":                     {"a=b+c&d=", "", map[string]any{"a": "b c", "d": ""}},
		"a member twice, the same":   {`{"a":"b","a":"b"}`, "", map[string]any{"a": "b"}},
		"a form that looks like one": {"<a=b", lenient.Form, nil},
		"a form, by its format":      {"{=b", lenient.Form, map[string]any{"{": "b"}},
		"a form, and JSON is wanted": {"a=b", lenient.JSON, nil},
		"a member twice, otherwise":  {`{"a":"b","a":"c"}`, "", nil},
		"a form's field twice":       {"a=b&a=c", "", nil},
		"something behind it":        {`{"a":"b"} {}`, "", nil},
		"half of it":                 {`{"a":`, "", nil},
		"nested without end":         {strings.Repeat("[", 100) + strings.Repeat("]", 100), "", nil},
		"plain words":                {"access denied", "", nil},
		"nothing":                    {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lenient.Read([]byte(test.body), test.format)
			if (err == nil) != (test.want != nil) || err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestAWebPageIsToldFromAMalformedDocument(t *testing.T) {
	if _, err := lenient.Read([]byte("<html>"), ""); !errors.Is(err, lenient.ErrPage) {
		t.Error(err)
	}
}
