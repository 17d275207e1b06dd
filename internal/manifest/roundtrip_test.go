package manifest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/manifest"
)

// filler fills values of any type with something in every field.
type filler struct {
	*rand.Rand
	sparse bool // leave some fields empty
}

// words are what breaks careless writers of YAML.
func words() []string {
	return []string{
		"plain", "12", "true", "null", "~", "", " leading", "trailing ", "a: b", "- a", "# no comment", "two\nlines\n", "tab\there",
		`"quoted"`, "'single'", "{a: b}", "[a]", "*alias", "&anchor", "!tag", "%percent", "@at", "`tick`", "|", ">", "?", "äöü 日本語 😀",
		"0777", "1e3", "0x1F", ".inf", "2026-01-02", "yes", "No", "<<", "=", "\\u0041", "\x7f\u0085\u2028\ufeff", "{tenant}", strings.Repeat("long ", 100),
	}
}

func (f filler) word() string { all := words(); return all[f.IntN(len(all))] }

func (f filler) fill(v reflect.Value, depth int) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(f.Int64N(2e9), 0).UTC()))
		return
	case api.Duration:
		v.SetInt(int64(time.Duration(1+f.IntN(100_000)) * time.Second))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() || f.sparse && f.IntN(3) == 0 {
				continue
			}
			f.fill(v.Field(i), depth+1)
		}
	case reflect.Map:
		f.fillMap(v, depth)
	case reflect.Slice:
		if depth > 12 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1+f.IntN(2), 3))
		for i := range v.Len() {
			f.fill(v.Index(i), depth+1)
		}
	case reflect.String:
		v.SetString(f.word())
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Float64, reflect.Float32:
		v.SetFloat(f.Float64())
	case reflect.Interface:
		v.Set(reflect.ValueOf([]any{f.word(), true, []any{"x", map[string]any{"k": f.word()}}}[f.IntN(3)]))
	default:
		v.Set(reflect.ValueOf(1 + f.IntN(100)).Convert(v.Type()))
	}
}

func (f filler) fillMap(v reflect.Value, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	if depth > 12 {
		return
	}
	for range 1 + f.IntN(2) {
		item := reflect.New(v.Type().Elem()).Elem()
		f.fill(item, depth+1)
		v.SetMapIndex(reflect.ValueOf("k"+f.word()).Convert(v.Type().Key()), item)
	}
}

// filled is a state in which every field of everything may be set.
func filled(seed uint64) manifest.State {
	f := filler{rand.New(rand.NewPCG(seed, 7)), seed%2 == 1}
	var s manifest.State
	for i := range 3 {
		var p api.Provider
		f.fill(reflect.ValueOf(&p).Elem(), 0)
		p.Name, p.BuiltIn = fmt.Sprintf("p%d", i), false
		s.Providers = append(s.Providers, p)

		var c api.Client
		f.fill(reflect.ValueOf(&c).Elem(), 0)
		c.Name, c.Provider, c.ClientID = fmt.Sprintf("c%d", i), p.Name, "id"
		c.ClientSecret, c.PrivateKey, c.ClientSecrets = api.Mask, api.Mask, []string{api.Mask}
		s.Clients = append(s.Clients, c)

		var connection api.Connection
		f.fill(reflect.ValueOf(&connection).Elem(), 0)
		connection.Name, connection.Client = fmt.Sprintf("n%d", i), c.Name
		s.Connections = append(s.Connections, connection)
	}
	return s
}

func TestWhatIsExportedAppliesWithoutAChangeWhateverIsSet(t *testing.T) {
	for seed := range uint64(60) {
		state := filled(seed)
		text, err := manifest.Export(state).Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := manifest.Parse([]manifest.File{{Name: "m.yaml", Data: text}}, environment())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if plan := manifest.Make(state, back, true); !plan.Empty() {
			t.Errorf("seed %d: %s", seed, manifest.Text(plan))
		}
	}
}

func TestTheExportAsJSONAppliesWithoutAChange(t *testing.T) {
	state := filled(0)
	text, err := json.Marshal(manifest.Export(state))
	if err != nil {
		t.Fatal(err)
	}
	back, err := manifest.Parse([]manifest.File{{Name: "m.json", Data: text}}, environment())
	if err != nil {
		t.Fatal(err)
	}
	if plan := manifest.Make(state, back, true); !plan.Empty() {
		t.Error(manifest.Text(plan))
	}
}

func TestEveryKeyOfASpecIsComparedWhenItAloneDiffers(t *testing.T) {
	state := filled(0)
	for i := range state.Connections {
		spec := reflect.ValueOf(&state.Connections[i].ConnectionSpec).Elem()
		for _, field := range reflect.VisibleFields(spec.Type()) {
			if field.Anonymous || field.Name == "Client" || field.Tag.Get("json") == "-" {
				continue
			}
			desired := manifest.Export(state)
			changed := desired.Connections[state.Connections[i].Name]
			value := reflect.ValueOf(&changed).Elem().FieldByIndex(field.Index)
			if value.IsZero() {
				continue
			}
			value.SetZero()
			desired.Connections[state.Connections[i].Name] = changed
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if plan := manifest.Make(state, desired, false); plan.Empty() {
				had, _ := json.Marshal(reflect.ValueOf(state.Connections[i].ConnectionSpec).FieldByIndex(field.Index).Interface())
				if s := string(had); s != `""` && s != "{}" && s != "[]" {
					t.Errorf("%s was %s and is taken away, and the plan is empty", key, had)
				}
			}
		}
	}
}
