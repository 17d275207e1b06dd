package api

import (
	"slices"
	"time"
)

// Manifest is a desired state: the providers, clients and connections there
// should be, by name. What it does not name is left alone, unless it prunes.
type Manifest struct {
	Providers   map[string]Provider       `json:"providers,omitempty"`
	Clients     map[string]ClientSpec     `json:"clients,omitempty"`
	Connections map[string]ConnectionSpec `json:"connections,omitempty"`
	Prune       bool                      `json:"prune,omitempty"`   // delete what is not named here
	DryRun      bool                      `json:"dry_run,omitempty"` // answer the plan and change nothing
}

// Action is what a plan does with one thing.
type Action string

// The actions of a plan.
const (
	ActionCreate    Action = "create"
	ActionUpdate    Action = "update"
	ActionDelete    Action = "delete"
	ActionUnchanged Action = "unchanged"
)

// Change is one step of a plan.
type Change struct {
	Action Action   `json:"action"`
	Kind   string   `json:"kind"` // provider, client or connection
	Name   string   `json:"name"`
	Fields []string `json:"fields,omitempty"` // the keys that an update changes
	// Write says that the thing is to be written. That is so for what is
	// unchanged, too, when the manifest holds its secret: a secret cannot be
	// read back and compared, so it is written each time, which changes
	// nothing when it is the same.
	Write bool `json:"write,omitempty"`
}

// Plan is what leads from what there is to a manifest, in an order that can be
// carried out, and what is left for people.
type Plan struct {
	Changes []Change `json:"changes"`
	Todo    []Todo   `json:"todo,omitempty"`
}

// Todo is what a person must do before something that a manifest names works.
type Todo struct {
	Kind    string `json:"kind"` // connection
	Name    string `json:"name"`
	Why     string `json:"why"`
	Command string `json:"command"` // what to run
}

// Empty reports whether nothing changes. Secrets may still be written again.
func (p Plan) Empty() bool {
	return !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Action != ActionUnchanged })
}

// ApplyStatus is how a server stands to the files it applies by itself.
type ApplyStatus struct {
	Path      string     `json:"path"`
	AppliedAt *time.Time `json:"applied_at,omitempty"` // when they were last applied
	Changes   int        `json:"changes"`              // how many things that changed
	Waiting   int        `json:"waiting"`              // connections that a person must authorize
	Error     string     `json:"error,omitempty"`      // why they are not applied as they are now
	FailedAt  *time.Time `json:"failed_at,omitempty"`
}
