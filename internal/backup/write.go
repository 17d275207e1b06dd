package backup

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"hash"
	"io"

	"github.com/valetkey/valetkey/internal/store/custody"
)

// Write writes a backup of the database. The file is whole only when the error
// is nil. It may be written while everything runs.
func Write(ctx context.Context, to io.Writer, desk custody.Desk, head Head) error {
	zip := gzip.NewWriter(to)
	w := &writer{sum: sha256.New()}
	w.lines = json.NewEncoder(io.MultiWriter(zip, w.sum))
	begin := func(schema int64) error {
		head.Schema = schema
		if _, err := io.WriteString(to, magic); err != nil {
			return err
		}
		return w.lines.Encode(head)
	}
	if err := desk.Dump(ctx, begin, w); err != nil {
		return err
	}
	if err := w.lines.Encode(tail{End: true, Rows: w.rows, SHA256: w.sum.Sum(nil)}); err != nil {
		return err
	}
	return zip.Close()
}

// writer is a sink of a dump.
type writer struct {
	lines *json.Encoder
	sum   hash.Hash
	rows  int64
}

// Table implements [custody.Sink].
func (w *writer) Table(t custody.Table) error { return w.lines.Encode(t) }

// Row implements [custody.Sink].
func (w *writer) Row(values []any) error {
	w.rows++
	row := make([]value, len(values))
	for i, v := range values {
		row[i] = value{v}
	}
	return w.lines.Encode(map[string][]value{"row": row})
}
