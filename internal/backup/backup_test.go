package backup_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/backup"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/custody"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// sealed is a value with every byte that text cannot hold.
var sealed = secret.Sealed{0, 1, 0x7f, 0x80, 0xff, '"', '\\', '\n'}

// newDesk opens an empty database: SQLite where there is no server.
func newDesk(t *testing.T, server *pgtest.Server) custody.Desk {
	t.Helper()
	config := store.Config{Path: filepath.Join(t.TempDir(), "valetkey.db")}
	if server != nil {
		config = store.Config{URL: server.URL(t)}
	}
	db, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return custody.Desk{DB: db}
}

// fill writes a connection with a token set, and texts of every kind.
func fill(t *testing.T, d custody.Desk) {
	t.Helper()
	at := time.UnixMilli(1_795_266_000_123).UTC()
	err := errors.Join(
		d.DB.PutProvider(t.Context(), "contoso", []byte(`{"title":"Contoso \"<&>\" 日本\u0000"}`), at),
		d.DB.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "contoso", ClientID: "id\n\t", Secret: sealed, CreatedAt: at, UpdatedAt: at}),
		d.DB.PutConnection(t.Context(), ledger.Connection{Name: "mail", Spec: api.ConnectionSpec{Client: "app"}, State: api.StateNew, CreatedAt: at, UpdatedAt: at}),
		d.DB.SaveTokenSet(t.Context(), ledger.TokenSave{
			Set:    ledger.TokenSet{Connection: "mail", Generation: 1, AccessToken: sealed, RefreshToken: sealed, TokenType: "Bearer", ObtainedAt: at, ExpiresAt: at.Add(time.Hour)},
			Change: ledger.StateChange{State: api.StateActive}, Event: ledger.Event{Connection: "mail", At: at, Kind: ledger.EventAuthorized},
		}),
		d.CreateSetting(t.Context(), "keyring", sealed),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// rows collects a backup's tables and rows, in their order.
type rows struct {
	tables []string
	values [][]any
	fails  error // of every row
}

func (r *rows) Table(t custody.Table) error {
	r.tables = append(r.tables, t.Name)
	return nil
}

func (r *rows) Row(values []any) error {
	r.values = append(r.values, slices.Clone(values))
	return r.fails
}

func written(t *testing.T, d custody.Desk, head backup.Head) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := backup.Write(t.Context(), &file, d, head); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func schemaOf(t *testing.T, d custody.Desk) int64 {
	t.Helper()
	schema, err := d.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestWhatIsWrittenIsReadBackTheSameFromEitherDatabaseIntoEither(t *testing.T) {
	server := pgtest.Start(t)
	var first *rows
	for _, from := range []*pgtest.Server{nil, server} {
		d := newDesk(t, from)
		fill(t, d)
		head := backup.Head{CreatedAt: time.Unix(1, 0).UTC(), Program: "test", Keyring: &backup.PassphraseKeyring{Salt: []byte{1}, Sealed: []byte(`{"x":1}`)}}
		file := written(t, d, head)
		schema := schemaOf(t, d)
		summary, err := backup.Check(bytes.NewReader(file), schema)
		if err != nil || !summary.CreatedAt.Equal(head.CreatedAt) || summary.Program != "test" || summary.Schema != schema || string(summary.Keyring.Sealed) != `{"x":1}` {
			t.Fatalf("%+v, %v", summary, err)
		}
		if !bytes.Equal(summary.Settings["keyring"], sealed) {
			t.Fatalf("settings %v", summary.Settings)
		}
		all := &rows{}
		if err := backup.Read(bytes.NewReader(file), schema, all); err != nil {
			t.Fatal(err)
		}
		if int64(len(all.values)) != summary.Rows || !slices.Equal(all.tables, custody.Tables()) {
			t.Fatalf("%d rows of %d, tables %v", len(all.values), summary.Rows, all.tables)
		}
		if first == nil {
			first = all
		}
		for _, to := range []*pgtest.Server{nil, server} {
			into := newDesk(t, to)
			err := into.Load(t.Context(), func(l *custody.Loader) error { return backup.Read(bytes.NewReader(file), schema, l) })
			if err != nil {
				t.Fatal(err)
			}
			again := &rows{}
			if err := backup.Read(bytes.NewReader(written(t, into, head)), schema, again); err != nil {
				t.Fatal(err)
			}
			if len(again.values) != len(all.values) {
				t.Fatalf("%d rows came back of %d", len(again.values), len(all.values))
			}
			set, err := into.DB.TokenSet(t.Context(), "mail")
			if err != nil || !bytes.Equal(set.RefreshToken, sealed) || set.Generation != 1 {
				t.Fatalf("%+v, %v", set, err)
			}
		}
	}
}

func TestAFileThatIsNotWholeIsRefusedWhereverItWasCutOrChanged(t *testing.T) {
	d := newDesk(t, nil)
	fill(t, d)
	file, schema := written(t, d, backup.Head{Program: "test"}), schemaOf(t, d)
	refused := func(what string, file []byte) {
		t.Helper()
		_, err := backup.Check(bytes.NewReader(file), schema)
		if !fault.Is(err, api.CodeInvalid) && !fault.Is(err, api.CodeNeedsConfiguration) || fault.As(err).Hint == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	for n := range len(file) {
		if n%7 == 0 || n > len(file)-20 {
			refused("cut off", file[:n])
			changed := bytes.Clone(file)
			changed[n] ^= 0x20
			if n < len("valetkey-backup 1\n") || n > len("valetkey-backup 1\n")+9 { // the rest of a gzip header is a time and a system's name
				refused("changed", changed)
			}
		}
	}
	refused("something behind its end", append(bytes.Clone(file), "more"...))
	refused("twice", append(bytes.Clone(file), file...))
	refused("nothing", nil)
	refused("a text", []byte("hello\n"))
	refused("a later format", bytes.Replace(file, []byte("backup 1\n"), []byte("backup 2\n"), 1))
	if _, err := backup.Check(bytes.NewReader(file), schema-1); !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), "test") {
		t.Errorf("a later schema: %v", err)
	}
}

// repacked writes a backup's lines anew after a change: what somebody could do
// who knows the format, but cannot open a secret.
func repacked(t *testing.T, file []byte, change func(lines []string) []string) []byte {
	t.Helper()
	head, packed, _ := bytes.Cut(file, []byte("\n"))
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	out.Write(append(head, '\n'))
	w := gzip.NewWriter(&out)
	_, err = io.WriteString(w, strings.Join(change(strings.SplitAfter(string(text), "\n")), ""))
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestALineThatIsMissingDoubledOrMovedIsNoticed(t *testing.T) {
	d := newDesk(t, nil)
	fill(t, d)
	file, schema := written(t, d, backup.Head{}), schemaOf(t, d)
	if _, err := backup.Check(bytes.NewReader(repacked(t, file, func(lines []string) []string { return lines })), schema); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for name, change := range map[string]func([]string) []string{
		"missing":           func(l []string) []string { return slices.Delete(l, 3, 4) },
		"doubled":           func(l []string) []string { return slices.Insert(l, 3, l[3]) },
		"moved":             func(l []string) []string { l[3], l[4] = l[4], l[3]; return l },
		"no JSON":           func(l []string) []string { l[3] = "}\n"; return l },
		"no head":           func(l []string) []string { return l[1:] },
		"no tail":           func(l []string) []string { return l[:len(l)-2] },
		"a line after tail": func(l []string) []string { return append(l, "{}\n") },
	} {
		if _, err := backup.Check(bytes.NewReader(repacked(t, file, change)), schema); !fault.Is(err, api.CodeInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fullAfter takes so many bytes.
type fullAfter int

func (f *fullAfter) Write(p []byte) (int, error) {
	if *f -= fullAfter(len(p)); *f < 0 {
		return 0, syscall.ENOSPC
	}
	return len(p), nil
}

func TestK10_ABackupOntoAFullDiskFailsWhereverTheRoomEnds(t *testing.T) {
	d := newDesk(t, nil)
	fill(t, d)
	size := len(written(t, d, backup.Head{}))
	for room := 0; room < size-1; room += 50 {
		left := fullAfter(room)
		if err := backup.Write(t.Context(), &left, d, backup.Head{}); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("with room for %d of %d bytes: %v", room, size, err)
		}
	}
}

func TestASinkThatFailsEndsTheReading(t *testing.T) {
	d := newDesk(t, nil)
	fill(t, d)
	broken := &rows{fails: errors.New("broken")}
	if err := backup.Read(bytes.NewReader(written(t, d, backup.Head{})), schemaOf(t, d), broken); !errors.Is(err, broken.fails) || len(broken.values) != 1 {
		t.Fatalf("%v after %d rows", err, len(broken.values))
	}
}

func TestARestoreThatBreaksOffLeavesWhatWasThere(t *testing.T) {
	d := newDesk(t, nil)
	fill(t, d)
	file, schema := written(t, d, backup.Head{}), schemaOf(t, d)
	if err := d.DB.PutClient(t.Context(), ledger.Client{Name: "later", Provider: "contoso"}); err != nil {
		t.Fatal(err)
	}
	err := d.Load(t.Context(), func(l *custody.Loader) error { return backup.Read(bytes.NewReader(file[:len(file)-9]), schema, l) })
	if !fault.Is(err, api.CodeInvalid) {
		t.Fatalf("%v", err)
	}
	if _, err := d.DB.Client(t.Context(), "later"); err != nil {
		t.Fatalf("what was there is gone: %v", err)
	}
}
