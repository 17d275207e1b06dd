package access

import (
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestARoleReachesAsFarAsItsTableSays(t *testing.T) {
	tests := []struct {
		role                              api.Role
		read, call, token, settings, rule bool
	}{
		{role: api.RoleOperator, read: true, call: true, token: true, settings: true, rule: true},
		{role: api.RoleCaller, read: true, call: true, token: true},
		{role: api.RoleProxy, read: true, call: true},
		{role: api.RoleViewer, read: true, settings: true},
		{role: ""},
		{role: "superuser"},
	}
	for _, tt := range tests {
		t.Run(string(tt.role), func(t *testing.T) {
			p := newPrincipal(Key{Name: "k", Role: tt.role})
			for what, pair := range map[string][2]bool{
				"MayRead":         {p.MayRead("mail"), tt.read},
				"MayCall":         {p.MayCall("mail"), tt.call},
				"MayReadToken":    {p.MayReadToken("mail"), tt.token},
				"MayReadSettings": {p.MayReadSettings(), tt.settings},
				"MayAdminister":   {p.MayAdminister(), tt.rule},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s = %v, want %v", what, pair[0], pair[1])
				}
			}
		})
	}
}

func TestALimitedKeyReachesItsConnectionsOnly(t *testing.T) {
	for _, role := range []api.Role{api.RoleCaller, api.RoleProxy, api.RoleViewer} {
		p := newPrincipal(Key{Role: role, Connections: []string{"mail"}})
		if !p.MayRead("mail") {
			t.Errorf("%s: its own connection is out of reach", role)
		}
		if p.MayRead("files") || p.MayCall("files") || p.MayReadToken("files") {
			t.Errorf("%s: another connection is within reach", role)
		}
		if p.MayReadSettings() {
			t.Errorf("%s: a key limited to connections reads the settings of all", role)
		}
	}
}

func TestTheLocalOperatorMayDoEverything(t *testing.T) {
	p := Operator()
	if !p.MayAdminister() || !p.MayReadToken("any") || !p.MayReadSettings() {
		t.Errorf("%+v is limited", p)
	}
}
