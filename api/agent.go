package api

import "time"

// AgentSpec asks for an agent: a small program inside a private network,
// through which connections reach what is not public.
type AgentSpec struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Hosts are names whose requests all go through this agent, those for tokens
	// and for discovery too; *.DOMAIN is every host below a domain.
	Hosts StringList `json:"hosts,omitempty"`
}

// AgentState says whether requests can go through an agent.
type AgentState string

// The states of an agent.
const (
	AgentOnline  AgentState = "online"  // it has a tunnel to at least one node
	AgentOffline AgentState = "offline" // it has none
)

// Agent is an agent as it reads back; its token is shown once, when it is made.
type Agent struct {
	AgentSpec
	State     AgentState    `json:"state"`
	Prefix    string        `json:"prefix"` // the first characters of its token, to recognise it by
	CreatedAt time.Time     `json:"created_at"`
	Tunnels   []AgentTunnel `json:"tunnels"` // those that stand, by node
}

// AgentTunnel is one tunnel of an agent.
type AgentTunnel struct {
	Node        string    `json:"node"`    // the server's process that it leads to
	Here        bool      `json:"here"`    // that is the one which answers
	Version     string    `json:"version"` // of the agent's program
	Address     string    `json:"address"` // from which the agent dialled, as the server sees it
	Allow       []string  `json:"allow"`   // what the agent lets requests through to
	ConnectedAt time.Time `json:"connected_at"`
	LastSeenAt  time.Time `json:"last_seen_at"` // at most a minute old while it stands
}

// NewAgent is the answer to an AgentSpec: the one time the token is shown.
type NewAgent struct {
	Agent
	Token Secret `json:"token"`
}

// AgentList holds agents, by name.
type AgentList struct {
	Agents []Agent `json:"agents"`
}
