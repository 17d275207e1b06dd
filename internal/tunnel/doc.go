// Package tunnel leads requests into a private network. The [Agent] runs there
// and dials out; the [Hub] is the server's end and dials in through it.
//
//	Agent.Run ─▶ GET /v1/agents/tunnel, Upgrade: websocket ─▶ Accept ─▶ Hub.Serve
//	             (agent.go)                                   (upgrade.go)
//	    over that one network connection, as binary messages (conn.go):
//	Hub.Dial ─▶ session ─ HTTP/2 CONNECT host:port ─▶ door ─▶ allow-list ─▶ dial
//	 (hub.go)  (session.go)                         (door.go) (allow.go)
//	     ▲ a stream is a net.Conn (stream.go)
//
// HTTP/2 runs backwards: the agent, which dialled, is its server. WebSocket
// frames are around it because every proxy and load balancer lets those pass.
//
// Invariants:
//   - The agent opens nothing that is not on its own list, whatever the server
//     asks for; with an empty list it opens nothing.
//   - What is dialled is a byte stream. TLS to the API is the server's, so the
//     agent sees no token of an API that speaks TLS.
//   - A dial is tried through another tunnel only when its stream did not open:
//     nothing of a request has left then. What broke later is never repeated
//     here.
//   - One process of an agent is served at a time, the newest; the one before
//     it is told why and does not come back.
//   - A tunnel over which nothing is heard for 30 seconds is given up by both
//     ends.
//   - Ends that are one minor version apart work together. Others are refused
//     with the version to install.
//
// Not in it: who the agents are (package agent), which request goes through
// which (package egress), connections, keys and tokens of APIs.
package tunnel
