package manifest_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/valetkey/valetkey/internal/manifest"
	"github.com/valetkey/valetkey/internal/schema"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

func TestWhatIsExportedIsValidByTheSchemaWhateverIsSet(t *testing.T) {
	text, err := schema.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("valetkey.json", document); err != nil {
		t.Fatal(err)
	}
	valid, err := compiler.Compile("valetkey.json")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(60) {
		exported, err := manifest.Export(filled(seed)).Encode()
		if err != nil {
			t.Fatal(err)
		}
		var loose any
		if err := strictyaml.Decode("export.yaml", exported, &loose); err != nil {
			t.Fatal(err)
		}
		if err := valid.Validate(loose); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
