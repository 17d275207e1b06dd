package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

func TestTheSameAccountStaysUnderANewName(t *testing.T) {
	maria := idtoken.Account{Issuer: "https://as.example", Subject: "1", Email: "maria@example.com"}
	kept, err := account.Pin("mail", "", maria)
	if err != nil || account.Label(kept) != "maria@example.com" || account.Hint(kept) != "maria@example.com" {
		t.Fatalf("%q %v", kept, err)
	}
	maria.Email, maria.PreferredUsername = "maria.new@example.com", "maria"
	if kept, err = account.Pin("mail", kept, maria); err != nil || account.Hint(kept) != "maria" {
		t.Fatalf("%q %v", kept, err)
	}
	mallory := idtoken.Account{Issuer: "https://as.example", Subject: "2", Email: "mallory@example.com"}
	if _, err := account.Pin("mail", kept, mallory); !fault.Is(err, api.CodeConflict) || !strings.Contains(err.Error(), "mallory") {
		t.Fatalf("%v", err)
	}
	moved := maria
	moved.Issuer = "https://other.example"
	if _, err := account.Pin("mail", kept, moved); !fault.Is(err, api.CodeConflict) || !strings.Contains(err.Error(), "at https://as.example") || !strings.Contains(err.Error(), "at https://other.example") {
		t.Fatalf("the same name elsewhere: %v", err)
	}
	if text, err := account.Pin("mail", kept, idtoken.Account{}); err != nil || text != "" {
		t.Fatalf("an unknown account changes what is kept: %q %v", text, err)
	}
}

func TestNothingIsKnownWithoutAnIDTokenOrItsIssuer(t *testing.T) {
	for _, test := range []struct{ issuer, token string }{{"", "x.y.z"}, {"https://as.example", ""}} {
		got, err := account.Proof{Issuer: test.issuer, ClientID: "id", Now: time.Now()}.Read(oauth.Token{IDToken: test.token})
		if err != nil || got.Subject != "" {
			t.Errorf("%+v: %+v %v", test, got, err)
		}
	}
	if _, err := (account.Proof{Issuer: "https://as.example", ClientID: "id", Now: time.Now()}.Read(oauth.Token{IDToken: "x.y.z"})); !fault.Is(err, api.CodeForbidden) {
		t.Errorf("%v", err)
	}
	if account.Label("") != "" || account.Hint("{") != "" {
		t.Error("nobody has a name")
	}
}
