package wizard

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// sample is something that one may type into a field.
func sample(s setting) string {
	switch s.kind {
	case kindNumber:
		return "3"
	case kindNumbers:
		return "429 503"
	case kindList:
		return "one two"
	case kindItems:
		return "one thing\nanother"
	case kindLines:
		return "a: 1\nb: 2"
	case kindArea:
		return "first\nsecond"
	case kindCheck:
		return "true"
	case kindChoice:
		return s.choices[1]
	}
	for _, span := range []string{"timeout", "wait", "max_wait", "per", "min_interval", "skew", "lifetime", "idle_lifetime", "absolute_lifetime"} {
		if strings.HasSuffix("."+s.path, "."+span) {
			return "1m30s"
		}
	}
	return "some text"
}

// thereAndBack types into every field of a table and reads the document again.
func thereAndBack[T any](t *testing.T, of table, rest string) {
	t.Helper()
	typed := make(map[string]string)
	for _, s := range of.all() {
		typed[s.path] = sample(s)
	}
	document, faults := read[T](newWizard(), of, typed, rest)
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	back, left, err := of.texts(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range of.all() {
		if back[s.path] != typed[s.path] {
			t.Errorf("%s: %q became %q", s.path, typed[s.path], back[s.path])
		}
	}
	again, faults := read[T](newWizard(), of, back, left)
	once, _ := json.Marshal(document)
	twice, _ := json.Marshal(again)
	if len(faults) != 0 || string(once) != string(twice) {
		t.Errorf("%v\n%s\n%s", faults, once, twice)
	}
}

func TestEverySettingGoesThereAndBack(t *testing.T) {
	thereAndBack[api.ConnectionSpec](t, connectionTable(), "operations: {ping: {path: /ping}}\n")
	thereAndBack[api.ClientSpec](t, clientTable(), "")
	thereAndBack[api.Provider](t, providerTable(), "variables: {tenant: {label: Tenant}}\n")
	for _, grant := range arrangement.Grants() {
		thereAndBack[api.ConnectionSpec](t, grantTable(grant), "")
	}
}

// keysOf are the paths of all keys of a document. A block that is another kind of
// document, or a list of blocks, is one key.
func keysOf(of reflect.Type, prefix string, depth int) []string {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.Name() == "Time" || depth > 6 {
		return []string{strings.TrimSuffix(prefix, ".")}
	}
	var all []string
	for _, f := range strictyaml.Fields(of) {
		all = append(all, keysOf(f.Type, prefix+f.Name+".", depth+1)...)
	}
	return all
}

// missing are keys with neither a field nor a reason.
func missingKeys(of reflect.Type, tables table, elsewhere []string) []string {
	return slices.DeleteFunc(keysOf(of, "", 0), func(key string) bool {
		return slices.ContainsFunc(tables.all(), func(s setting) bool { return s.path == key }) ||
			slices.ContainsFunc(elsewhere, func(path string) bool { return key == path || strings.HasPrefix(key, path+".") })
	})
}

func TestEveryKeyOfAConnectionAndItsClientHasAField(t *testing.T) {
	grants := connectionTable()
	for _, grant := range arrangement.Grants() {
		grants = append(grants, grantTable(grant)...)
	}
	// An assertion has no type: its grant says it.
	asYAML := []string{"assertion.type", "authorization_details", "claims", "operations", "api.token.source"}
	if left := missingKeys(reflect.TypeFor[api.ConnectionSpec](), grants, append(asYAML, connectionApart()...)); len(left) != 0 {
		t.Errorf("a connection's %q have no field", left)
	}
	ownFields := []string{"provider", "variables", fieldID, fieldSecret, fieldNext, fieldKey, fieldExpires}
	if left := missingKeys(reflect.TypeFor[api.ClientSpec](), clientTable(), ownFields); len(left) != 0 {
		t.Errorf("a client's %q have no field", left)
	}
}

func TestEveryFieldHasWordsAndEveryGroupAHeading(t *testing.T) {
	z := newWizard()
	tables := slices.Concat(connectionTable(), clientTable(), providerTable())
	for _, grant := range arrangement.Grants() {
		if tables = append(tables, grantTable(grant)...); z.Pages.Word("grant_what."+string(grant)) == "grant_what."+string(grant) {
			t.Errorf("nothing is said of the grant %s", grant)
		}
	}
	for _, s := range tables.all() {
		if key := "setting." + s.path; z.Pages.Word(key) == key {
			t.Errorf("%s has no words", s.path)
		}
		if key := "setting_fault." + s.kind; z.Pages.Word(key) == key {
			t.Errorf("a fault of the kind %s has no words", s.kind)
		}
	}
	for _, g := range slices.Concat(connectionTable(), providerTable()) {
		if key := "group." + g.name; z.Pages.Word(key) == key {
			t.Errorf("the group %s has no heading", g.name)
		}
	}
}

func TestABuiltInDescriptionComesOutOfTheFieldsAsItWentIn(t *testing.T) {
	z, known := newWizard(), providerTable()
	all, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	listed, err := all.List()
	if err != nil {
		t.Fatal(err)
	}
	for i, summary := range listed {
		if i%20 != 0 && !slices.Contains(popular(), summary.Name) {
			continue // a cross-section will do
		}
		p := shipped(t, summary.Name)
		p.Name = ""
		fields, rest, err := known.texts(p)
		if err != nil {
			t.Fatal(err)
		}
		again, faults := read[api.Provider](z, known, fields, rest)
		once, _ := json.Marshal(p)
		twice, _ := json.Marshal(again)
		if len(faults) != 0 || string(once) != string(twice) {
			t.Errorf("%s: %v\n%s\n%s", summary.Name, faults, once, twice)
		}
	}
}

func TestWhatAFieldCannotGiveBackStaysInTheYAML(t *testing.T) {
	none := ""
	spec := api.ConnectionSpec{API: &api.CallSettings{Token: &api.TokenPlacement{Scheme: &none}, Headers: map[string]string{"A": " edge "}}}
	fields, rest, err := connectionTable().texts(spec)
	if err != nil || len(fields) != 0 || !strings.Contains(rest, "scheme:") || !strings.Contains(rest, "edge") {
		t.Errorf("%v %q %v", fields, rest, err)
	}
}

func TestASettingThatIsNotOfItsKindIsSaidBesideItsField(t *testing.T) {
	for field, typed := range map[string]string{
		"api.timeout": "soon", "api.retry.max": "many", "api.retry.statuses": "429 x", "api.headers": "no colon", "api.rate_limit.per": "1",
	} {
		_, faults := read[api.ConnectionSpec](newWizard(), connectionTable(), map[string]string{field: typed}, "")
		if faults[field] == "" || len(faults) != 1 {
			t.Errorf("%s %q: %v", field, typed, faults)
		}
	}
	_, faults := read[api.ConnectionSpec](newWizard(), connectionTable(), nil, "api: {base_ulr: x}\n")
	if !strings.Contains(faults[fieldRest], "base_ulr") {
		t.Errorf("%v", faults)
	}
}

func TestAFieldWinsOverTheYAMLAndAnEmptyOneLeavesIt(t *testing.T) {
	spec, faults := read[api.ConnectionSpec](newWizard(), connectionTable(), map[string]string{"api.timeout": "9s"}, "api: {timeout: 5s, base_url: https://a.contoso.example}\n")
	if len(faults) != 0 || spec.API.BaseURL != "https://a.contoso.example" || spec.API.Timeout != api.Duration(9e9) {
		t.Errorf("%+v %v", spec.API, faults)
	}
}
