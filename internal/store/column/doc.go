// Package column is how values of Go are written into the columns of both
// databases, and read from there: times as BIGINT milliseconds (0: none),
// documents as JSON in TEXT, sealed values as BYTEA.
//
// Not in it: queries.
package column
