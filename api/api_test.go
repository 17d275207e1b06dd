package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

func TestASecretPrintsAsTheMaskAndTravelsInJSONOnly(t *testing.T) {
	value := api.Secret("hunter2")
	spec := api.ClientSpec{ClientID: "id", ClientSecret: &value}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "value", value)
	for _, shown := range []string{fmt.Sprint(value), fmt.Sprintf("%v %s %#v", value, value, value), fmt.Sprintf("%+v %v", spec, spec), log.String()} {
		if strings.Contains(shown, "hunter2") {
			t.Errorf("shown in %q", shown)
		}
	}
	wire, err := json.Marshal(spec)
	if err != nil || !strings.Contains(string(wire), "hunter2") {
		t.Fatalf("%s %v", wire, err)
	}
}

func TestNoResponseTypeHoldsASecret(t *testing.T) {
	allowed := map[string]bool{"AccessToken.AccessToken": true, "NewKey.Secret": true}
	for _, response := range []any{
		api.Provider{}, api.Client{}, api.Connection{}, api.Authorization{}, api.Flow{}, api.AccessToken{},
		api.CallResponse{}, api.Key{}, api.NewKey{}, api.Event{}, api.Version{}, api.Problem{},
	} {
		typ := reflect.TypeOf(response)
		for _, field := range reflect.VisibleFields(typ) {
			base := field.Type
			for base.Kind() == reflect.Pointer || base.Kind() == reflect.Slice {
				base = base.Elem()
			}
			if base == reflect.TypeFor[api.Secret]() && !allowed[typ.Name()+"."+field.Name] {
				t.Errorf("%s.%s can carry a secret", typ.Name(), field.Name)
			}
		}
	}
}

func TestADurationIsTextOrSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{`"40s"`: 40 * time.Second, `"1h30m"`: 90 * time.Minute, `40`: 40 * time.Second, `0.5`: 500 * time.Millisecond, `"90d"`: 90 * 24 * time.Hour, `"25h"`: 25 * time.Hour} {
		var d api.Duration
		if err := json.Unmarshal([]byte(text), &d); err != nil || time.Duration(d) != want {
			t.Errorf("%s is %v, %v", text, time.Duration(d), err)
		}
		back, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var again api.Duration
		if err := json.Unmarshal(back, &again); err != nil || again != d {
			t.Errorf("%s does not read back: %v", back, err)
		}
	}
	for _, text := range []string{`"soon"`, `"-1s"`, `"-1d"`, `"1.5d"`, `-1`, `1e300`, `true`, `[]`} {
		var d api.Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s is read as %v", text, time.Duration(d))
		}
	}
}

func TestAListMayBeWrittenAsOneText(t *testing.T) {
	for text, want := range map[string]string{`"header"`: "header", `["header","query"]`: "header query"} {
		var l api.StringList
		if err := json.Unmarshal([]byte(text), &l); err != nil || strings.Join(l, " ") != want {
			t.Errorf("%s is %q, %v", text, l, err)
		}
	}
	var l api.StringList
	if err := json.Unmarshal([]byte(`{"a":1}`), &l); err == nil {
		t.Error("an object is no list")
	}
}

func TestMergeOverridesKeyByKeyAndChangesNeitherSide(t *testing.T) {
	token, none := "Token", ""
	base := api.CallSettings{
		BaseURL: "https://api.example.com", Timeout: api.Duration(time.Minute),
		Headers: map[string]string{"A": "1", "B": "2"},
		Token:   &api.TokenPlacement{In: api.StringList{api.InHeader}, Name: "X-Token", Scheme: &token},
	}
	over := api.CallSettings{Headers: map[string]string{"B": "3"}, Token: &api.TokenPlacement{Scheme: &none}}
	merged := base.Merge(over)
	if merged.BaseURL != base.BaseURL || merged.Timeout != base.Timeout || merged.Headers["A"] != "1" || merged.Headers["B"] != "3" {
		t.Errorf("%+v", merged)
	}
	if merged.Token.Name != "X-Token" || *merged.Token.Scheme != "" {
		t.Errorf("token %+v", merged.Token)
	}
	if base.Headers["B"] != "2" || *base.Token.Scheme != "Token" || len(over.Headers) != 1 {
		t.Error("an argument changed")
	}
}

func TestSchemaRow15SeveralMethodsReadBackAsTheyAreWritten(t *testing.T) {
	for _, text := range []string{`"none"`, `["client_secret_basic","client_secret_post"]`, `""`} {
		var m api.AuthMethods
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		if back, err := json.Marshal(m); err != nil || string(back) != text {
			t.Errorf("%s reads back as %s, %v", text, back, err)
		}
	}
	var m api.AuthMethods
	if err := json.Unmarshal([]byte(`{}`), &m); err == nil {
		t.Error("an object is a method")
	}
}
