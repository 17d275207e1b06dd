package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// note writes to the audit trail what a caller did, or was refused. Reading is
// not noted, but for tokens: they are what is kept here.
func (s *Server) note(route route, r *http.Request, err error) {
	action := actionOf(route)
	if s.config.Audit == nil || route.right == nil || action == "" {
		return
	}
	who := callerOf(r)
	entry := api.AuditEntry{Actor: who.Name, Action: action, Subject: r.PathValue("name"), Detail: map[string]string{}}
	if entry.Actor == "" {
		return // nobody was admitted
	}
	if who.Role != "" {
		entry.Detail["role"] = string(who.Role)
	}
	if operation := r.PathValue("operation"); operation != "" {
		entry.Detail["operation"] = operation
	}
	if err != nil {
		entry.Detail["refused"] = string(fault.As(err).Code)
	}
	s.config.Audit.Record(entry)
}

// actionOf names what a route does: its noun and its verb, such as client.put
// or connection.token. Routes that only read, and calls of APIs, have none.
func actionOf(route route) string {
	method, path := strings.ToLower(route.method()), route.path()
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	noun, last := strings.TrimSuffix(parts[0], "s"), parts[len(parts)-1]
	switch {
	case path == "/v1/keyring/keys/{name}":
		return "keyring.retire"
	case path == "/v1/backup":
		return "backup.write"
	case path == "/v1/connections/{name}/token":
		return "connection.token." + method
	case method == "get", last == "call", last == "test", last == "run", last == "step", last == "proof", noun == "authz":
		return ""
	case method == "post" && len(parts) == 1:
		return noun + ".create"
	case strings.HasPrefix(last, "{"), method == "put", method == "patch":
		return noun + "." + method
	}
	return noun + "." + last
}

func parseID(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }

func formatID(id int64) string { return strconv.FormatInt(id, 10) }
