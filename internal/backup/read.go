package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/store/custody"
)

// Summary is what a whole backup holds.
type Summary struct {
	Head
	Rows     int64
	Settings map[string][]byte // the installation's own
}

// Check reads a whole backup and says what is in it. Any damage is an
// [api.CodeInvalid], a newer format or schema an [api.CodeNeedsConfiguration].
func Check(from io.Reader, schema int64) (Summary, error) {
	collected := &settings{found: map[string][]byte{}}
	head, rows, err := read(from, schema, collected)
	return Summary{Head: head, Rows: rows, Settings: collected.found}, err
}

// settings is a sink that keeps the table of settings.
type settings struct {
	within bool
	found  map[string][]byte
}

// Table implements [custody.Sink].
func (s *settings) Table(t custody.Table) error {
	s.within = t.Name == "settings"
	return nil
}

// Row implements [custody.Sink].
func (s *settings) Row(values []any) error {
	if !s.within || len(values) != 2 {
		return nil
	}
	name, named := values[0].(string)
	if text, ok := values[1].([]byte); ok && named {
		s.found[name] = text
	}
	return nil
}

// Read hands a backup to a sink. A damage that [Check] would have found shows
// up at the latest at its end: undo then what the sink did.
func Read(from io.Reader, schema int64, to custody.Sink) error {
	_, _, err := read(from, schema, to)
	return err
}

func read(from io.Reader, schema int64, to custody.Sink) (head Head, rows int64, err error) {
	buffered := bufio.NewReader(from)
	first, err := buffered.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "valetkey-backup ") {
		return head, 0, fault.New(api.CodeInvalid, "this file is no backup of Valetkey").WithHint("valetkey backup FILE writes one")
	}
	if first != magic {
		return head, 0, newer("its format is " + strings.TrimSpace(first))
	}
	zip, err := gzip.NewReader(buffered)
	if err != nil {
		return head, 0, damaged(err, "is damaged or cut off at its beginning")
	}
	r := &reader{lines: bufio.NewReader(zip), sum: sha256.New(), to: to}
	if head, err = r.head(); err != nil {
		return head, 0, err
	}
	if head.Schema > schema {
		return head, 0, newer("it was written by " + head.Program)
	}
	rows, err = r.rows()
	return head, rows, err
}

func newer(why string) error {
	return fault.New(api.CodeNeedsConfiguration, "the backup is of a newer Valetkey: %s", why).
		WithHint("restore it with that program; nothing was changed")
}

// reader reads lines and sums them up.
type reader struct {
	lines *bufio.Reader
	sum   hash.Hash
	to    custody.Sink
}

// next is the next line.
func (r *reader) next() ([]byte, error) {
	text, err := r.lines.ReadBytes('\n')
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, damaged(err, "is cut off")
	}
	if err != nil {
		return nil, damaged(err, "is damaged")
	}
	return text, nil
}

func (r *reader) head() (head Head, err error) {
	text, err := r.next()
	if err != nil {
		return head, err
	}
	r.sum.Write(text)
	if err := json.Unmarshal(text, &head); err != nil || head.Schema == 0 {
		return head, damaged(err, "is damaged at its head")
	}
	return head, nil
}

func (r *reader) rows() (rows int64, err error) {
	for {
		text, err := r.next()
		if err != nil {
			return rows, err
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return rows, damaged(err, "is damaged")
		}
		switch {
		case l.End:
			if l.Rows != rows || !bytes.Equal(l.SHA256, r.sum.Sum(nil)) {
				return rows, damaged(nil, "is damaged: its checksum is another")
			}
			if _, err := r.lines.ReadByte(); !errors.Is(err, io.EOF) {
				return rows, damaged(err, "is damaged at its end")
			}
			return rows, nil
		case l.Name != "":
			err = r.to.Table(l.Table)
		default:
			rows++
			values := make([]any, len(l.Values))
			for i, v := range l.Values {
				values[i] = v.of
			}
			err = r.to.Row(values)
		}
		if err != nil {
			return rows, err
		}
		r.sum.Write(text)
	}
}
