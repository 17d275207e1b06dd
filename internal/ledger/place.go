package ledger

import (
	"strconv"

	"github.com/valetkey/valetkey/internal/secret"
)

// The places of sealed values. A value moved from one row to another, or a
// token from one generation to another, does not open.

// ClientSecretPlace is where what a client authenticates with is sealed.
func ClientSecretPlace(client string) secret.Place {
	return secret.Place{Table: "clients", Row: client, Column: "secret"}
}

// RegistrationPlace is where the management of a registered client is sealed.
func RegistrationPlace(client string) secret.Place {
	return secret.Place{Table: "clients", Row: client, Column: "registration"}
}

// ProofKeyPlace is where the key is sealed that a connection's tokens are bound to.
func ProofKeyPlace(connection string) secret.Place {
	return secret.Place{Table: "connections", Row: connection, Column: "proof_key"}
}

// TokenPlace is where a token of a generation is sealed; column is access_token or refresh_token.
func TokenPlace(connection string, generation int64, column string) secret.Place {
	row := connection + "#" + strconv.FormatInt(generation, 10)
	return secret.Place{Table: "token_sets", Row: row, Column: column}
}

// SalvagePlace is where an answer to the renewal of a generation is sealed that nobody could read.
func SalvagePlace(connection string, generation int64) secret.Place {
	place := TokenPlace(connection, generation, "salvage")
	place.Table = "leases"
	return place
}

// FlowPlace is where a column of a flow is sealed.
func FlowPlace(flow, column string) secret.Place {
	return secret.Place{Table: "flows", Row: flow, Column: column}
}
