package manifest_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/manifest"
)

func TestAnExportedStateParsesAndPlansToNothing(t *testing.T) {
	state := applied(parse(t, string(golden(t, "contoso.yaml"))))
	text, err := manifest.Export(state).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if want := string(golden(t, "contoso.export.yaml")); string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	again := parse(t, string(text))
	if err := again.Check(state, true); err != nil {
		t.Error(err)
	}
	if plan := manifest.Make(state, again, true); !plan.Empty() {
		t.Errorf("the plan is not empty:\n%s", manifest.Text(plan))
	}
}

func TestNoSecretIsExportedEvenFromAManifestThatHoldsOne(t *testing.T) {
	text, err := parse(t, string(golden(t, "contoso.yaml"))).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "from-env") || strings.Contains(string(text), "from-file") {
		t.Errorf("a secret is in\n%s", text)
	}
}

func TestAPlanMakesWhatOthersReferToFirstAndDeletesItLast(t *testing.T) {
	current := applied(parse(t, `
providers: {old-p: {token_endpoint: https://a.example}, p: {title: Old, token_endpoint: https://a.example}}
clients: {old-c: {provider: old-p, client_id: i}, c: {provider: p, client_id: i}}
connections: {old-n: {client: old-c}, n: {client: c, scopes: [a], description: gone}}
`))
	desired := parse(t, `
connections: {n: {client: c, scopes: [a, b]}, new-n: {client: new-c}}
clients: {c: {provider: p, client_id: i}, new-c: {provider: new-p, client_id: i}}
providers: {p: {title: New, token_endpoint: https://a.example}, new-p: {token_endpoint: https://a.example}}
`)
	got := manifest.Text(manifest.Make(current, desired, true))
	want := `+ provider new-p
~ provider p: title
+ client new-c
~ connection n: description, scopes
+ connection new-n
- connection old-n
- client old-c
- provider old-p
3 to create, 2 to update, 3 to delete, 1 unchanged
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if kept := manifest.Text(manifest.Make(current, desired, false)); strings.Contains(kept, "\n- ") {
		t.Errorf("without prune it deletes:\n%s", kept)
	}
}

func TestWhatWasWrittenPlansToNothing(t *testing.T) {
	m := parse(t, string(golden(t, "contoso.yaml")))
	plan := manifest.Make(applied(m), m, true)
	if !plan.Empty() {
		t.Errorf("got\n%s", manifest.Text(plan))
	}
	writes := 0
	for _, c := range plan.Changes {
		if c.Write {
			writes++
		}
	}
	if writes != 2 || !strings.Contains(manifest.Text(plan), "2 client secrets are written again") {
		t.Errorf("%d writes:\n%s", writes, manifest.Text(plan))
	}
}

func TestASecretIsAChangeOnlyWhenThereWasNoneOrItGoes(t *testing.T) {
	const client = "clients: {a: {provider: p, client_id: i%}}"
	with := func(form string) manifest.Manifest { return parse(t, strings.Replace(client, "%", form, 1)) }
	for name, test := range map[string]struct {
		had, want string
		action    api.Action
		write     bool
	}{
		"set":      {"", ", client_secret: s", manifest.Update, true},
		"again":    {", client_secret: old", ", client_secret: s", manifest.Unchanged, true},
		"left out": {", client_secret: old", "", manifest.Unchanged, false},
		"removed":  {", client_secret: old", `, client_secret: ""`, manifest.Update, true},
		"no more":  {"", `, client_secret: ""`, manifest.Unchanged, true},
	} {
		plan := manifest.Make(applied(with(test.had)), with(test.want), false)
		if len(plan.Changes) != 1 || plan.Changes[0].Action != test.action || plan.Changes[0].Write != test.write {
			t.Errorf("%s: got %+v", name, plan.Changes)
		}
	}
}

func TestAPlanShowsNoSecret(t *testing.T) {
	m := parse(t, "clients: {a: {provider: p, client_id: i, client_secret: hunter2}}")
	plan := manifest.Make(manifest.State{}, m, false)
	text, err := json.Marshal(plan)
	if err != nil || strings.Contains(string(text)+manifest.Text(plan), "hunter2") {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestAnEmptyListAndNoListAreTheSame(t *testing.T) {
	current := manifest.State{Connections: []api.Connection{{Name: "n", ConnectionSpec: api.ConnectionSpec{
		Client: "c", Scopes: []string{}, Tags: map[string]string{}, Variables: map[string]string{},
	}}}}
	plan := manifest.Make(current, parse(t, "connections: {n: {client: c}}"), true)
	want := []manifest.Change{{Action: manifest.Unchanged, Kind: manifest.KindConnection, Name: "n"}}
	if !reflect.DeepEqual(plan.Changes, want) {
		t.Errorf("got %+v", plan.Changes)
	}
}

func TestWhatIsReferredToMustExist(t *testing.T) {
	current := manifest.State{
		Providers: []api.Provider{{Name: "microsoft", BuiltIn: true}, {Name: "own"}},
		Clients:   []api.Client{{Name: "contoso-app", Provider: "own"}},
	}
	for name, test := range map[string]struct {
		text  string
		prune bool
		want  string
	}{
		"built in":           {"clients: {a: {provider: microsoft, client_id: i}}", true, ""},
		"there":              {"connections: {n: {client: contoso-app}}", false, ""},
		"pruned client":      {"connections: {n: {client: contoso-app}}", true, "names the client contoso-app, which there is not"},
		"pruned provider":    {"clients: {a: {provider: own, client_id: i}}", true, "names the provider own, which there is not"},
		"unknown provider":   {"clients:\n  a:\n    provider: microsft\n    client_id: i\n", false, "etc/a.yaml:3:5: the client a names the provider microsft, which there is not; did you mean microsoft?"},
		"unknown client":     {"connections: {n: {client: contoso-ap}}", false, "etc/a.yaml:1:19: the connection n names the client contoso-ap, which there is not; did you mean contoso-app?"},
		"nothing near":       {"connections: {n: {client: zzzzzzzzzzzz}}", false, "; known are contoso-app"},
		"built in, replaced": {"providers: {microsoft: {token_endpoint: https://a.example}}", false, "etc/a.yaml:1:13: the provider microsoft is built in and cannot be changed"},
	} {
		err := parse(t, test.text).Check(current, test.prune)
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}
