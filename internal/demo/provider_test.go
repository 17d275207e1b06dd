package demo

import (
	"context"
	"net/http"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/sandbox"
)

func TestTheProviderAnswersAtItsIssuerUntilItIsStopped(t *testing.T) {
	p, err := StartProvider(t.Context(), "127.0.0.1:0", sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	metadata := p.Credentials().Issuer + "/.well-known/oauth-authorization-server"
	res, err := http.Get(metadata)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the metadata answered %s", res.Status)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ended); err != nil {
		t.Errorf("waiting ended with %v", err)
	}
	p.Stop()
	if err := p.Wait(t.Context()); err == nil {
		t.Error("the end of the listener was not reported")
	}
	if res, err := http.Get(metadata); err == nil {
		defer res.Body.Close()
		t.Error("it answers after its end")
	}
}

func TestAnAddressInUseIsNamedWithAWayOut(t *testing.T) {
	p, err := StartProvider(t.Context(), "127.0.0.1:0", sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	_, err = StartProvider(t.Context(), p.Credentials().Issuer[len("http://"):], sandbox.Config{})
	if !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("the second start: %v", err)
	}
}
