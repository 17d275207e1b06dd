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
