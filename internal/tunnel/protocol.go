package tunnel

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Path is where a server takes tunnels, under its public URL.
const Path = "/v1/agents/tunnel"

// Headers of the request that opens a tunnel, and of its answer.
const (
	headerProtocol = "Valetkey-Agent-Protocol"
	headerVersion  = "Valetkey-Agent-Version"
	headerInstance = "Valetkey-Agent-Instance"
	headerAllow    = "Valetkey-Agent-Allow"
	headerName     = "Valetkey-Agent-Name" // in the answer
	headerNode     = "Valetkey-Node"       // in the answer
)

// The reasons for which a server ends a tunnel, as WebSocket status codes
// (RFC 6455 section 7.4). After the first two an agent does not come back.
const (
	StatusReplaced  uint16 = 4001 // another process runs as this agent
	StatusRemoved   uint16 = 4002 // there is no such agent any more
	StatusGoingAway uint16 = 1001 // the server stops
)

// Protocol is the version of what both ends of a tunnel speak.
type Protocol struct{ Major, Minor int }

// Spoken is the version of this program.
func Spoken() Protocol { return Protocol{Major: 1, Minor: 0} }

// String writes it as it travels, as 1.0.
func (p Protocol) String() string { return fmt.Sprintf("%d.%d", p.Major, p.Minor) }

// Understands reports whether two ends work together: one minor version apart
// at the most.
func (p Protocol) Understands(other Protocol) bool {
	apart := p.Minor - other.Minor
	return p.Major == other.Major && -1 <= apart && apart <= 1
}

// Hello is what an agent says of itself when it opens a tunnel.
type Hello struct {
	Protocol Protocol
	Version  string   // of the program
	Instance string   // random, of one run of the program
	Allow    []string // what it lets requests through to; for people to read
	Address  string   // from which it dialled, as the server saw it; not from the agent
}

// maxHello bounds each text of a Hello, in bytes.
const maxHello = 8 << 10

func (h Hello) write(header http.Header) {
	header.Set(headerProtocol, h.Protocol.String())
	header.Set(headerVersion, h.Version)
	header.Set(headerInstance, h.Instance)
	header.Set(headerAllow, strings.Join(h.Allow, ", "))
}

// ReadHello reads what the agent says. The error has [api.CodeInvalid]: whoever
// sent the request is no agent.
func ReadHello(header http.Header) (Hello, error) {
	h := Hello{Version: header.Get(headerVersion), Instance: header.Get(headerInstance)}
	_, err := fmt.Sscanf(header.Get(headerProtocol), "%d.%d", &h.Protocol.Major, &h.Protocol.Minor)
	if err != nil || h.Instance == "" || len(h.Instance) > 64 || len(h.Version) > 64 || len(header.Get(headerAllow)) > maxHello {
		return h, fault.New(api.CodeInvalid, "this path is for agents alone").
			WithHint("valetkey agent run --url URL --token TOKEN --allow HOST:PORT")
	}
	for entry := range strings.SplitSeq(header.Get(headerAllow), ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			h.Allow = append(h.Allow, entry)
		}
	}
	return h, nil
}
