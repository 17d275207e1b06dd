package broker

import (
	"strconv"

	"github.com/valetkey/valetkey/internal/secret"
)

// The places of sealed values. A value moved from one row to another, or a
// token from one generation to another, does not open.

func clientSecretPlace(client string) secret.Place {
	return secret.Place{Table: "clients", Row: client, Column: "secret"}
}

func tokenPlace(connection string, generation int64, column string) secret.Place {
	row := connection + "#" + strconv.FormatInt(generation, 10)
	return secret.Place{Table: "token_sets", Row: row, Column: column}
}

func flowPlace(flow, column string) secret.Place {
	return secret.Place{Table: "flows", Row: flow, Column: column}
}
