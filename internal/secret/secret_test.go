package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
)

var place = secret.Place{Table: "clients", Row: "app", Column: "secret"}

func newKeyring(t *testing.T) *secret.Keyring {
	t.Helper()
	k, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestATextRedactsItselfEverywhere(t *testing.T) {
	text := secret.NewText("hunter2")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "secret", text)
	encoded, err := json.Marshal(map[string]any{"a": text, "b": &text})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(text), fmt.Sprintf("%v %+v %#v %s %q", text, text, text, text, text), log.String(), string(encoded)} {
		if strings.Contains(shown, "hunter2") {
			t.Errorf("shown in %q", shown)
		}
	}
	if text.Reveal() != "hunter2" {
		t.Error("the value is lost")
	}
}

func TestASealedValueOpensAtItsPlaceOnly(t *testing.T) {
	k := newKeyring(t)
	sealed, err := k.Seal(secret.NewText("hunter2"), place)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Fatal("not sealed")
	}
	opened, err := k.Open(sealed, place)
	if err != nil || opened.Reveal() != "hunter2" {
		t.Fatalf("%v", err)
	}
	for _, other := range []secret.Place{
		{Table: "tokens", Row: "app", Column: "secret"},
		{Table: "clients", Row: "other", Column: "secret"},
		{Table: "clients", Row: "app", Column: "name"},
		{Table: "client", Row: "sapp", Column: "secret"},
	} {
		if _, err := k.Open(sealed, other); !errors.Is(err, secret.ErrSealBroken) {
			t.Errorf("K-04: opened at %v: %v", other, err)
		}
	}
}

func TestAChangedValueDoesNotOpen(t *testing.T) {
	k := newKeyring(t)
	sealed, err := k.Seal(secret.NewText("hunter2"), place)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if _, err := k.Open(broken, place); !errors.Is(err, secret.ErrSealBroken) {
			t.Fatalf("opened with byte %d changed: %v", i, err)
		}
	}
	if _, err := k.Open(sealed[:3], place); !errors.Is(err, secret.ErrSealBroken) {
		t.Fatalf("opened when cut: %v", err)
	}
}

func TestNothingSealsToNothing(t *testing.T) {
	k := newKeyring(t)
	sealed, err := k.Seal(secret.Text{}, place)
	if err != nil || sealed != nil {
		t.Fatalf("%v %v", sealed, err)
	}
	if text, err := k.Open(nil, place); err != nil || !text.IsZero() {
		t.Fatalf("%v %v", text, err)
	}
}

func TestAKeyringIsReadBackAndNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	first, err := secret.CreateKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v", info.Mode())
	}
	if _, err := secret.CreateKeyring(path); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("made a second one: %v", err)
	}
	sealed, err := first.Seal(secret.NewText("x"), place)
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.OpenKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := again.Open(sealed, place); err != nil || text.Reveal() != "x" {
		t.Fatalf("%v", err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Fatalf("left behind: %v %v", files, err)
	}
}

func TestK03_AnotherKeyringFailsTheProof(t *testing.T) {
	mine, other := newKeyring(t), newKeyring(t)
	proof, err := mine.Proof()
	if err != nil {
		t.Fatal(err)
	}
	if err := mine.Check(proof); err != nil {
		t.Fatal(err)
	}
	err = other.Check(proof)
	if !errors.Is(err, secret.ErrSealBroken) || !fault.Is(err, api.CodeNeedsConfiguration) || fault.As(err).Hint == "" {
		t.Fatalf("%v", err)
	}
}

func TestAKeyringThatCannotBeUsedSaysWhyAndShowsNothing(t *testing.T) {
	path := newKeyring(t).Path()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"cut": string(whole[:len(whole)/2]), "empty": "", "other": "{}"} {
		t.Run(name, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "keyring.json")
			if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := secret.OpenKeyring(broken)
			if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), broken) {
				t.Fatalf("%v", err)
			}
		})
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := secret.OpenKeyring(path); err == nil || !strings.Contains(fault.As(err).Hint, "chmod 600") {
			t.Fatalf("a readable keyring was accepted: %v", err)
		}
	}
}

func BenchmarkOpen2KiB(b *testing.B) {
	k, err := secret.CreateKeyring(filepath.Join(b.TempDir(), "keyring.json"))
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := k.Seal(secret.NewText(strings.Repeat("x", 2048)), place)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Open(sealed, place); err != nil {
			b.Fatal(err)
		}
	}
}
