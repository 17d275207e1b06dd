package broker_test

import (
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestWhatAnotherProcessChangedIsUsedOnceItIsInvalidated(t *testing.T) {
	for name, invalidated := range map[string]string{"the connection": "mail", "everything": ""} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.authorize("mail")
			h.wantToken("mail", "at-1")
			other := h.open()
			_, err := other.Refresh(h.ctx, "mail")
			h.must(err)
			h.wantToken("mail", "at-1") // still valid, and in memory
			h.Invalidate("robot")
			h.wantToken("mail", "at-1") // what is another connection's does not touch this one
			h.Invalidate(invalidated)
			h.wantToken("mail", "at-2")
		})
	}
}

func TestProvidersThatAnotherProcessChangedAreReadAgain(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	other := h.open()
	p, err := other.Provider(h.ctx, "fake")
	h.must(err)
	p.API = &api.CallSettings{BaseURL: "https://moved.example.com/v2"}
	_, err = other.PutProvider(h.ctx, "fake", p)
	h.must(err)
	h.must(h.ReloadProviders(h.ctx))
	known, err := h.Provider(h.ctx, "fake")
	h.must(err)
	if known.API.BaseURL != "https://moved.example.com/v2" {
		t.Fatalf("base URL is %s", known.API.BaseURL)
	}
	credential, err := h.Credential(h.ctx, "mail")
	h.must(err)
	if got := credential.Target.BaseURL.String(); got != "https://moved.example.com/v2" {
		t.Fatalf("calls go to %s", got)
	}
}
