package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestTheOperatorsProvidersAreServedFromTheirDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "contoso.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("title: Contoso\ntoken_endpoint: https://login.contoso.com/t\n")
	config := app.Config{DataDir: t.TempDir(), ProvidersDir: dir}
	a, err := app.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	a.OperatorHandler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v1/providers/contoso", nil))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"built_in": true`) && !strings.Contains(answer.Body.String(), `"built_in":true`) {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if err := a.Close(context.Background()); err != nil {
		t.Fatal(err)
	}

	write("title: Contoso\ntoken_endpont: https://login.contoso.com/t\n")
	_, err = app.Open(t.Context(), config)
	if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), path+":2:1: ") || !strings.Contains(err.Error(), "did you mean token_endpoint?") {
		t.Errorf("a mistake is told as %v", err)
	}

	config.ProvidersDir = path
	if _, err = app.Open(t.Context(), config); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("a file in place of a directory: %v", err)
	}
}
