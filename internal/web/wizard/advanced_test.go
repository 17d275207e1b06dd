package wizard

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestEverySettingGoesThereAndBack(t *testing.T) {
	typed := map[string]string{
		"description": "Invoices", "base_url": "https://api.contoso.example/v1", "test_path": "/me", "timeout": "90s",
		"resources": "https://a.contoso.example", "token_in": "header query", "token_name": "X-Token", "token_scheme": "Token",
		"headers": "A: 1\nB: 2", "query": "v: 3", "retry_mode": "any", "retry_statuses": "429 503", "retry_max": "3",
		"limit_requests": "10", "limit_per": "1m0s", "limit_interval": "100ms", "auth_statuses": "401 403",
		"auth_path": "/error", "auth_values": "expired", "redirects": "same_origin", "cookies": "true", "compression": "false",
		"tls_ca": "PEM", "tls_client": "true", "tags": "team: sales",
	}
	spec, faults := newWizard().specOf(typed, "operations: {ping: {path: /ping}}\n")
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	back, rest, err := settingsOf(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		if typed[s.name] == "" {
			t.Errorf("%s is not tried", s.name)
		}
		again, ok := s.value(back[s.name])
		first, _ := s.value(typed[s.name])
		if s.name == "limit_per" || s.name == "timeout" {
			continue // a span of time may be written in several ways; the next comparison holds it
		}
		if !ok || !reflect.DeepEqual(again, first) {
			t.Errorf("%s: %q became %q", s.name, typed[s.name], back[s.name])
		}
	}
	if !strings.Contains(rest, "operations:") || strings.Contains(rest, "api:") {
		t.Errorf("the rest is %q", rest)
	}
	once, _ := json.Marshal(spec)
	spec, faults = newWizard().specOf(back, rest)
	twice, _ := json.Marshal(spec)
	if len(faults) != 0 || string(once) != string(twice) {
		t.Errorf("%v\n%s\n%s", faults, once, twice)
	}
}

func TestASettingThatIsNotOfItsKindIsSaidBesideItsField(t *testing.T) {
	for field, typed := range map[string]string{
		"timeout": "soon", "retry_max": "many", "retry_statuses": "429 x", "headers": "no colon", "limit_per": "1",
	} {
		_, faults := newWizard().specOf(map[string]string{field: typed}, "")
		if faults[field] == "" || len(faults) != 1 {
			t.Errorf("%s %q: %v", field, typed, faults)
		}
	}
	_, faults := newWizard().specOf(nil, "api: {base_ulr: x}\n")
	if !strings.Contains(faults["rest"], "base_ulr") {
		t.Errorf("%v", faults)
	}
}

func TestAFieldWinsOverTheYAMLAndAnEmptyOneLeavesIt(t *testing.T) {
	spec, faults := newWizard().specOf(map[string]string{"timeout": "9s"}, "api: {timeout: 5s, base_url: https://a.contoso.example}\n")
	if len(faults) != 0 || spec.API.BaseURL != "https://a.contoso.example" || spec.API.Timeout != api.Duration(9e9) {
		t.Errorf("%+v %v", spec.API, faults)
	}
}
