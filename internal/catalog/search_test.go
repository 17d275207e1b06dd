package catalog_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// unread is a directory whose descriptions nobody may open.
type unread struct {
	fstest.MapFS
	t *testing.T
}

func (u unread) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".yaml") {
		u.t.Errorf("%s was read", name)
	}
	return u.MapFS.Open(name)
}

func (u unread) ReadFile(name string) ([]byte, error) {
	if strings.HasSuffix(name, ".yaml") {
		u.t.Errorf("%s was read", name)
	}
	return u.MapFS.ReadFile(name)
}

func TestAListReadsNoDescription(t *testing.T) {
	c, err := catalog.Load(unread{t: t, MapFS: fstest.MapFS{
		"a.yaml":    {Data: []byte("not read")},
		"b.yaml":    {Data: []byte("not read")},
		"index.tsv": {Data: []byte("a\tAlpha\tcrm,mail\t\tcollected\nb\tBeta\t\tclient_credentials\t\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.List()
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	a, b := all[0], all[1]
	if a.Name != "a" || a.Title != "Alpha" || !slices.Equal(a.Tags, []string{"crm", "mail"}) || !a.BuiltIn || a.Provenance.Verification != api.VerificationCollected {
		t.Errorf("a is %+v", a)
	}
	if b.Grant != "client_credentials" || b.Provenance != nil {
		t.Errorf("b is %+v", b)
	}
}

func TestADescriptionThatTheIndexMissesIsListedAllTheSame(t *testing.T) {
	c, err := catalog.Load(fstest.MapFS{
		"new.yaml":  {Data: []byte("title: New\ntoken_endpoint: https://a.example/t\nprovenance: {verification: tried}\n")},
		"index.tsv": {Data: []byte("gone\tGone\t\t\t\nbroken line\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.List()
	if err != nil || len(all) != 1 || all[0].Title != "New" || all[0].TokenEndpoint != "" || all[0].Provenance.Verification != "tried" {
		t.Fatalf("%+v, %v", all, err)
	}
}

func TestASearchPutsTheBestMatchFirst(t *testing.T) {
	c, err := catalog.Load(fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithUser(map[string]api.Provider{
		"mail":           {Title: "Contoso Mail"},
		"mailroom":       {Title: "Mailroom"},
		"post":           {Title: "Post", Tags: []string{"mail"}},
		"gmail":          {Title: "Gmail"},
		"contoso-crm":    {Title: "Contoso CRM", Tags: []string{"crm"}},
		"contoso":        {Title: "Contoso"},
		"mail-by-tag":    {Title: "Zz", Tags: []string{"mailing"}},
		"something-else": {Title: "Nothing of it"},
	})
	for words, want := range map[string][]string{
		"mail":          {"mail", "mail-by-tag", "post", "mailroom", "gmail"},
		"MAIL":          {"mail", "mail-by-tag", "post", "mailroom", "gmail"},
		"contoso":       {"contoso", "contoso-crm", "mail"},
		"contoso  mail": {"mail"},
		"mail contoso":  {"mail"},
		"contoso crm":   {"contoso-crm"},
		"mail nothing":  nil,
	} {
		found, err := c.Search(words)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range found {
			got = append(got, p.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", words, got, want)
		}
	}
	everything, err := c.Search(" ")
	if err != nil || len(everything) != 8 {
		t.Errorf("no word finds %d, %v", len(everything), err)
	}
}

func TestTheOperatorsFilesStandOnTheShippedOnes(t *testing.T) {
	c, err := builtIn(t).WithDirectory("/etc/valetkey", fstest.MapFS{
		"contoso.yaml": {Data: []byte("title: Contoso\ntoken_endpoint: https://login.contoso.com/t\n")},
		"two.yaml":     {Data: []byte("providers:\n  github: {title: GitHub of ours, token_endpoint: 'https://github.contoso.com/t'}\n  fabrikam: {token_endpoint: 'https://login.fabrikam.com/t'}\nclients: {x: {anything: 1}}\n")},
		"notes.txt":    {Data: []byte("not read")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, title := range map[string]string{"contoso": "Contoso", "github": "GitHub of ours", "fabrikam": "", "gitlab": "GitLab"} {
		p, ok, err := c.Provider(name)
		if !ok || err != nil || p.Title != title || p.Name != name || !p.BuiltIn {
			t.Errorf("%s: %+v, %v, %v", name, p, ok, err)
		}
	}
	found, err := c.Search("github of ours")
	if err != nil || len(found) != 1 || found[0].Name != "github" {
		t.Errorf("the list shows the hidden one: %v, %v", found, err)
	}
	own := c.WithUser(map[string]api.Provider{"contoso": {Title: "From the database"}})
	if p, _, _ := own.Provider("contoso"); p.Title != "From the database" || p.BuiltIn {
		t.Errorf("the user's own does not stand on top: %+v", p)
	}
	if _, ok, _ := builtIn(t).Provider("contoso"); ok {
		t.Error("the base changed")
	}
}

func TestAMistakeInTheOperatorsFilesNamesFileLineAndNearestKey(t *testing.T) {
	_, err := builtIn(t).WithDirectory("conf", fstest.MapFS{
		"bad.yaml":   {Data: []byte("title: x\ntokn_endpoint: https://a.example/t\n")},
		"worse.yaml": {Data: []byte("providers:\n  contoso:\n    token_endpoint: https://a.example/{tenant}\n")},
		"good.yaml":  {Data: []byte("token_endpoint: https://a.example/t\n")},
		"twice.yaml": {Data: []byte("providers: {good: {token_endpoint: 'https://a.example/t'}}\n")},
	})
	if !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"conf/bad.yaml:2:1: ", "did you mean token_endpoint?", "conf/worse.yaml:2:3: ", "{tenant} is used and not declared",
		"conf/twice.yaml: the provider good stands in conf/good.yaml as well",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing from %v", want, err)
		}
	}
}
