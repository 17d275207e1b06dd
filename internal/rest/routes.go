package rest

import "github.com/valetkey/valetkey/api"

// table is every route of the API: its pattern, what a caller needs to be
// allowed (nil: anyone, without a key), who serves it, and what it takes and
// answers.
func (s *Server) table() []route {
	return []route{
		{"GET /v1/providers", settings, s.listProviders, op("Providers", "List providers", "The catalogue, by name: your own in full, of built-in ones a summary with name, title, tags, grant and verification.").query(providerQuery{}).out(api.ProviderList{})},
		{"GET /v1/providers/{name}", settings, s.getProvider, op("Providers", "Read a provider", "").out(api.Provider{})},
		{"PUT /v1/providers/{name}", administer, s.putProvider, op("Providers", "Write a provider of your own", "Built-in ones are read-only.").in(api.Provider{}).out(api.Provider{}).creates()},
		{"DELETE /v1/providers/{name}", administer, s.deleteProvider, op("Providers", "Delete a provider of your own", "Refused while a client uses it.")},
		{"GET /v1/resource", administer, s.getResource, op("Providers", "Ask an API who gives tokens for it", "Its protected resource metadata (RFC 9728): by the header of its refusal, then at the well-known addresses.").query(resourceQuery{}).out(api.Resource{})},

		{"GET /v1/clients", settings, s.listClients, op("Clients", "List clients", "Registrations at providers, by name.").query(pageQuery{}).out(api.ClientList{})},
		{"GET /v1/clients/{name}", settings, s.getClient, op("Clients", "Read a client", "Its secret reads back as ••••.").out(api.Client{})},
		{"PUT /v1/clients/{name}", administer, s.putClient, op("Clients", "Write a client", "A secret that is absent or •••• stays as it is; an empty one removes it.").in(api.ClientSpec{}).out(api.Client{}).creates()},
		{"PATCH /v1/clients/{name}", administer, s.patchClient, op("Clients", "Change a client", "A JSON merge patch (RFC 7396): null removes a field.").patch(api.ClientSpec{}).out(api.Client{})},
		{"DELETE /v1/clients/{name}", administer, s.deleteClient, op("Clients", "Delete a client", "Refused while a connection uses it.")},
		{"POST /v1/clients/{name}/registration", administer, s.registerClient, op("Clients", "Register a client", "Valetkey registers it itself (RFC 7591), or by a document that the provider fetches. Its name must be new.").in(api.RegisterRequest{}).out(api.Client{}).creates()},
		{"GET /v1/clients/{name}/registration", administer, s.getRegistration, op("Clients", "Read a registration", "Asks the provider (RFC 7592).").out(api.Registration{})},
		{"PUT /v1/clients/{name}/registration", administer, s.putRegistration, op("Clients", "Change a registration", "The metadata is laid over what is registered (RFC 7592).").in(api.RegistrationChange{}).out(api.Registration{})},
		{"DELETE /v1/clients/{name}/registration", administer, s.deleteRegistration, op("Clients", "End a registration", "At the provider (RFC 7592), and deletes the client. Refused while a connection uses it.")},
		{"GET /oauth/client/{name}", nil, s.clientDocument, op("Clients", "Read a client's document", "For providers: its address is the client_id of a client that is registered by document.").out(map[string]any{})},

		{"GET /v1/connections", signedIn, s.listConnections, op("Connections", "List connections", "Those the key reaches, by name.").query(connectionQuery{}).out(api.ConnectionList{})},
		{"GET /v1/connections/{name}", reads, s.getConnection, op("Connections", "Read a connection", "Its settings, state and cause.").out(api.Connection{})},
		{"PUT /v1/connections/{name}", owns, s.putConnection, op("Connections", "Write a connection", "Its tokens stay, unless it moves to another client or grant.").in(api.ConnectionSpec{}).out(api.Connection{}).creates()},
		{"PATCH /v1/connections/{name}", owns, s.patchConnection, op("Connections", "Change a connection", "A JSON merge patch (RFC 7396): null removes a field.").patch(api.ConnectionSpec{}).out(api.Connection{})},
		{"DELETE /v1/connections/{name}", owns, s.deleteConnection, op("Connections", "Delete a connection", "Forgets its tokens and history. It does not tell the provider: revoke does.")},

		{"POST /v1/connections/{name}/authorize", owns, s.authorize, op("Grants", "Begin an authorization", "Open authorization_url in a browser, then read the flow.").optional(api.AuthorizeRequest{}).out(api.Authorization{})},
		{"GET /v1/flows/{id}", signedIn, s.getFlow, op("Grants", "Read an authorization in progress", "pending, done, or failed with the cause.").out(api.Flow{})},
		{"GET /v1/connections/{name}/token", holds, s.getToken, op("Grants", "Get an access token", "Renewed first where it is not good for min_ttl.").query(tokenQuery{}).out(api.AccessToken{})},
		{"POST /v1/connections/{name}/proof", holds, s.makeProof, op("Grants", "Make a proof of possession", "The header DPoP of one request that you send yourself with a token that is bound to a key (RFC 9449).").in(api.ProofRequest{}).out(api.Proof{})},
		{"PUT /v1/connections/{name}/token", owns, s.putToken, op("Grants", "Import a token set", "Takes over tokens that were obtained elsewhere. Whatever else renews them must stop.").in(api.TokenImport{}).out(api.Connection{})},
		{"POST /v1/connections/{name}/refresh", owns, s.refresh, op("Grants", "Renew the token now", "Whether or not it is due.").out(api.Connection{})},
		{"POST /v1/connections/{name}/revoke", owns, s.revoke, op("Grants", "Give the grant up", "At the provider too, where it can be told (RFC 7009).").out(api.Connection{})},

		{"POST /v1/connections/{name}/call", calls, s.call, op("Calls", "Call the API", "The answer comes back whatever its status. For streams and large bodies use /proxy/{connection}/{path}.").in(api.CallRequest{}).limit(callBodyLimit).out(api.CallResponse{})},
		{"POST /v1/connections/{name}/test", calls, s.test, op("Calls", "Test the connection", "Obtains a token, sends the harmless request of api.test, renews the token and sends it again; the first leg that fails is the last. Only a key that may change the connection has its token renewed.").query(testQuery{}).out(api.TestResult{})},
		{"GET /authz/{name}", holds, s.authz, op("Calls", "Get the header to place", "For a web server in front of the API: auth_request, ext_authz, forward_auth. The answer has the header and no body; any method and any path below will do.").query(tokenQuery{}).header()},
		{"GET /v1/connections/{name}/operations", reads, s.listOperations, op("Calls", "List operations", "The named requests that it can run: its own, and its provider's.").out(api.OperationList{})},
		{"POST /v1/connections/{name}/operations/{operation}/run", calls, s.runOperation, op("Calls", "Run an operation", "Follows all pages. With Accept: application/x-ndjson each item is a line, sent while it comes; an error after the first is a last line with the member valetkey_error. An answer that is no JSON comes as it is.").optional(api.RunRequest{}).limit(callBodyLimit).out(api.RunResult{})},
		{"GET /v1/connections/{name}/events", reads, s.listEvents, op("Calls", "Read what happened", "Newest first.").query(pageQuery{}).out(api.EventList{})},

		{"GET /v1/keys", settings, s.listKeys, op("Keys", "List keys", "Never the keys themselves.").query(pageQuery{}).out(keyPage{})},
		{"POST /v1/keys", administer, s.createKey, op("Keys", "Make a key", "The answer shows the key, this once.").in(api.KeySpec{}).out(api.NewKey{}).creates()},
		{"DELETE /v1/keys/{name}", administer, s.revokeKey, op("Keys", "Revoke a key", "It stops working at once.")},
		{"POST /v1/operators/reset", administer, s.resetOperator, op("Server", "Make a link that sets an operator's password", "It works once, for an hour. A link made before works no longer.").out(api.OperatorLink{})},

		{"POST /v1/apply", administer, s.apply, op("Desired state", "Make everything as a manifest describes it", "All of it or nothing, in one transaction. What it does not name stays, unless prune is true. With dry_run the answer is the plan, and nothing changes. A secret that is absent or •••• stays as it is.").in(api.Manifest{}).limit(applyBodyLimit).out(api.Plan{})},
		{"POST /v1/connections/{name}/confirm", owns, s.confirmRestored, op("Grants", "Use a restored grant again", "Of a connection that came from a backup: its refresh token may be spent, and sending it may make the provider end the grant.").out(api.Connection{})},
		{"GET /v1/keyring", settings, s.getKeyring, op("Server", "List the keys that seal secrets", "Never the keys themselves; how much each has sealed, and how far a rotation is.").out(api.Keyring{})},
		{"POST /v1/keyring/rotate", administer, s.rotateKeyring, op("Server", "Rotate the keyring", "Adds a key. Once every node has it, it seals, and what older keys sealed is sealed anew in the background.").out(api.Keyring{})},
		{"POST /v1/keyring/step", administer, s.stepKeyring, op("Server", "Seal a batch anew", "A server does so by itself; calling it makes a rotation go faster.").out(api.Keyring{})},
		{"POST /v1/keyring/rewrap", administer, s.rewrapKeyring, op("Server", "Seal the keyring under another master key", "From then on every node must be started with it.").in(api.MasterKey{}).out(api.Keyring{})},
		{"DELETE /v1/keyring/keys/{name}", administer, s.retireKey, op("Server", "Retire an old key", "Refused while anything is sealed with it. It is forgotten an hour later.")},
		{"POST /v1/backup", administer, s.backup, op("Server", "Take a backup", "One file with everything, secrets sealed as they are. valetkey restore reads it.").optional(api.BackupRequest{}).html()},
		{"GET /v1/audit", settings, s.listAudit, op("Server", "Read who did what", "Newest first.").query(auditQuery{}).out(api.AuditList{})},

		{"GET /v1/version", signedIn, s.version, op("Server", "Read the version", "").out(api.Version{})},
		{"GET /healthz", nil, s.health, op("Server", "Is it up", "Answers as long as the process serves.").out(Health{})},
		{"GET /readyz", nil, s.ready, op("Server", "Is it ready", "Answers 503 while it cannot reach or write its database.").out(Health{})},
		{"GET /openapi.json", nil, s.openAPI, op("Server", "Read this API's description", "OpenAPI 3.1.").out(map[string]any{})},
		{"GET /docs", nil, s.docs, op("Server", "Read the reference", "This page.").html()},
	}
}
