package connection

import (
	"fmt"
	"testing"

	"github.com/spf13/cobra"
)

func TestRFC9470_4_WhatAChallengeAsksForIsAskedOfTheNextAuthorization(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // "": refused
	}{
		{nil, "[]   none"},
		{[]string{"--acr-values", "gold silver", "--max-age", "0"}, "[] gold silver  0"},
		{[]string{"--max-age", "300", "--more-scope", "a", "--more-scope", "b"}, "[a b]   300"},
		{[]string{"--claims", `{"id_token":{"acr":null}}`}, `[]  {"id_token":{"acr":null}} none`},
		{[]string{"--claims", "eyJpZCI"}, ""},
		{[]string{"--max-age", "-1"}, ""},
	} {
		var f stepFlags
		cmd := &cobra.Command{}
		f.register(cmd)
		if err := cmd.ParseFlags(test.args); err != nil {
			t.Fatal(err)
		}
		step, err := f.stepUp()
		age := "none"
		if step.MaxAge != nil {
			age = fmt.Sprint(*step.MaxAge)
		}
		got := fmt.Sprintf("%v %s %s %s", step.Scopes, step.ACRValues, step.Claims, age)
		if (err == nil) != (test.want != "") || err == nil && got != test.want {
			t.Errorf("%v: %q %v, want %q", test.args, got, err, test.want)
		}
	}
}
