package column

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/secret"
)

// Millis renders a time for the database; the zero time is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Instant scans what [Millis] wrote.
type Instant struct{ To *time.Time }

// Scan implements [database/sql.Scanner]. NULL, from a row that an outer join
// did not find, is the zero time.
func (i Instant) Scan(source any) error {
	switch ms := source.(type) {
	case nil:
		*i.To = time.Time{}
	case int64:
		*i.To = time.Time{}
		if ms != 0 {
			*i.To = time.UnixMilli(ms).UTC()
		}
	default:
		return fmt.Errorf("a time is stored as %T", source)
	}
	return nil
}

// Document writes a value as JSON text and scans it from there. Nil pointers,
// maps and slices are NULL.
type Document struct{ Of any }

// Value implements [driver.Valuer].
func (d Document) Value() (driver.Value, error) {
	text, err := json.Marshal(d.Of)
	if err != nil {
		return nil, err
	}
	if string(text) == "null" {
		return nil, nil
	}
	return string(text), nil
}

// Scan implements [database/sql.Scanner].
func (d Document) Scan(source any) error {
	switch text := source.(type) {
	case nil:
		return nil
	case string:
		return json.Unmarshal([]byte(text), d.Of)
	case []byte:
		return json.Unmarshal(text, d.Of)
	default:
		return fmt.Errorf("a Document is stored as %T", source)
	}
}

// Sealed passes a sealed value to the database; none is NULL.
func Sealed(s secret.Sealed) any {
	if len(s) == 0 {
		return nil
	}
	return []byte(s)
}
