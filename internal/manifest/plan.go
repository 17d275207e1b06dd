package manifest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/valetkey/valetkey/api"
)

// The short names of what a plan is made of.
const (
	Create    = api.ActionCreate
	Update    = api.ActionUpdate
	Delete    = api.ActionDelete
	Unchanged = api.ActionUnchanged
)

// Change is one step of a plan.
type Change = api.Change

// Plan is what leads from a state to a manifest.
type Plan = api.Plan

// Make compares. With prune, what the manifest does not name is deleted;
// built-in providers never are.
func Make(current State, desired Manifest, prune bool) Plan {
	have := Export(current)
	had := make(map[string]api.Client)
	for _, c := range current.Clients {
		had[c.Name] = c
	}
	var plan Plan
	plan.Changes = append(plan.Changes, compare(KindProvider, have.Providers, desired.Providers)...)
	for _, change := range compare(KindClient, bare(have.Clients, nil), bare(desired.Clients, have.Clients)) {
		spec := desired.Clients[change.Name]
		change = withSecretOf(change, "client_secret", spec.ClientSecret, had[change.Name].ClientSecret != "")
		change = withFurther(change, spec.ClientSecrets, len(had[change.Name].ClientSecrets))
		change = withSecretOf(change, "private_key", spec.PrivateKey, had[change.Name].PrivateKey != "")
		change.Write = change.Write || writesVariable(spec, have.Clients[change.Name])
		plan.Changes = append(plan.Changes, change)
	}
	plan.Changes = append(plan.Changes, compare(KindConnection, have.Connections, desired.Connections)...)
	if prune {
		plan.Changes = append(plan.Changes, gone(KindConnection, have.Connections, desired.Connections)...)
		plan.Changes = append(plan.Changes, gone(KindClient, have.Clients, desired.Clients)...)
		plan.Changes = append(plan.Changes, gone(KindProvider, have.Providers, desired.Providers)...)
	}
	return plan
}

// bare takes the secrets out: they are compared by whether there is one. A
// variable that does not read back counts as the same as what is there.
func bare(specs, there map[string]api.ClientSpec) map[string]api.ClientSpec {
	without := maps.Clone(specs)
	for name, spec := range without {
		spec = withoutSecrets(spec)
		spec.Variables = maps.Clone(spec.Variables)
		for variable, value := range spec.Variables {
			if value != "" && there[name].Variables[variable] == api.Mask {
				spec.Variables[variable] = api.Mask
			}
		}
		without[name] = spec
	}
	return without
}

// writesVariable reports whether a variable is given that does not read back.
func writesVariable(spec, there api.ClientSpec) bool {
	for variable, value := range spec.Variables {
		if value != api.Mask && there.Variables[variable] == api.Mask {
			return true
		}
	}
	return false
}

// withFurther is withSecretOf for the secrets after the first.
func withFurther(c Change, written *[]api.Secret, had int) Change {
	if written == nil {
		return c
	}
	c.Write = true
	if c.Action == Create || len(*written) == had {
		return c
	}
	c.Action = Update
	c.Fields = append(c.Fields, "client_secrets")
	return c
}

// withSecretOf adds what a client's secret does to its change. One is a
// change only when there was none, or when the empty text takes it away.
func withSecretOf(c Change, field string, secret *api.Secret, had bool) Change {
	if secret == nil {
		return c
	}
	c.Write = true
	if has := *secret != ""; c.Action == Create || has == had {
		return c
	}
	c.Action = Update
	c.Fields = append(c.Fields, field)
	return c
}

// compare plans what the manifest names of one kind, by name.
func compare[T any](kind string, have, want map[string]T) []Change {
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(want)) {
		change := Change{Action: Create, Kind: kind, Name: name, Write: true}
		if old, exists := have[name]; exists {
			change.Fields = differing(old, want[name])
			change.Action = Update
			if len(change.Fields) == 0 {
				change.Action, change.Write = Unchanged, false
			}
		}
		changes = append(changes, change)
	}
	return changes
}

// gone plans to delete what the manifest does not name.
func gone[T any](kind string, have, want map[string]T) []Change {
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, kept := want[name]; !kept {
			changes = append(changes, Change{Action: Delete, Kind: kind, Name: name})
		}
	}
	return changes
}

// differing names the keys under which two values differ. Nothing, an empty
// list and an empty map are the same.
func differing(old, want any) []string {
	a, b := keysOf(old), keysOf(want)
	var fields []string
	for key := range b {
		if !reflect.DeepEqual(a[key], b[key]) {
			fields = append(fields, key)
		}
	}
	for key := range a {
		if _, both := b[key]; !both {
			fields = append(fields, key)
		}
	}
	slices.Sort(fields)
	return fields
}

// keysOf is a value as JSON has it, without what is empty.
func keysOf(v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil // cannot happen for the types of package api
	}
	var keys map[string]any
	if json.Unmarshal(text, &keys) != nil {
		return nil
	}
	for key, value := range keys {
		if hollow(value) {
			delete(keys, key)
		}
	}
	return keys
}

func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}
