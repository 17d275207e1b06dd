package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/secret"
)

// millis renders a time for the database; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant scans what [millis] wrote.
type instant struct{ to *time.Time }

// Scan implements [database/sql.Scanner]. NULL, from a row that an outer join
// did not find, is the zero time.
func (i instant) Scan(source any) error {
	switch ms := source.(type) {
	case nil:
		*i.to = time.Time{}
	case int64:
		*i.to = time.Time{}
		if ms != 0 {
			*i.to = time.UnixMilli(ms).UTC()
		}
	default:
		return fmt.Errorf("a time is stored as %T", source)
	}
	return nil
}

// document writes a value as JSON text and scans it from there. Nil pointers,
// maps and slices are NULL.
type document struct{ of any }

// Value implements [driver.Valuer].
func (d document) Value() (driver.Value, error) {
	text, err := json.Marshal(d.of)
	if err != nil {
		return nil, err
	}
	if string(text) == "null" {
		return nil, nil
	}
	return string(text), nil
}

// Scan implements [database/sql.Scanner].
func (d document) Scan(source any) error {
	switch text := source.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(text), d.of)
	case []byte:
		return json.Unmarshal(text, d.of)
	default:
		return fmt.Errorf("a document is stored as %T", source)
	}
}

// sealed passes a sealed value to the database; none is NULL.
func sealed(s secret.Sealed) any {
	if len(s) == 0 {
		return nil
	}
	return []byte(s)
}
