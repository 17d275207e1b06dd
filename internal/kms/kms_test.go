package kms_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/kms"
)

// service is a key service that keeps what it was asked, and answers by handle.
func service(t *testing.T, environment map[string]string, handle http.HandlerFunc) (kms.Access, string) {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	return kms.Access{HTTP: server.Client(), Now: func() time.Time { return at }, Getenv: func(name string) string {
		return strings.ReplaceAll(environment[name], "SERVER", server.URL)
	}}, strings.TrimPrefix(server.URL, "http://")
}

// reversing answers with the member it was sent under the other name.
func reversing(t *testing.T, check func(r *http.Request, body map[string]any) (name string, value any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		name, value := check(r, body)
		_ = json.NewEncoder(w).Encode(map[string]any{name: value})
	}
}

func roundTrip(t *testing.T, uri string, access kms.Access) {
	t.Helper()
	key, err := kms.Open(uri, access)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Encrypt([]byte("data key"), []byte("about"))
	if err != nil || len(sealed) == 0 {
		t.Fatalf("%q, %v", sealed, err)
	}
	if opened, err := key.Decrypt(sealed, []byte("about")); err != nil || string(opened) != "data key" {
		t.Fatalf("%q, %v", opened, err)
	}
}

func TestVaultIsAskedAsItsTransitEngineIsDocumented(t *testing.T) {
	environment := map[string]string{"VAULT_ADDR": "SERVER", "VAULT_TOKEN": "t0ken", "VAULT_NAMESPACE": "team"}
	access, host := service(t, environment, reversing(t, func(r *http.Request, body map[string]any) (string, any) {
		if r.Header.Get("X-Vault-Token") != "t0ken" || r.Header.Get("X-Vault-Namespace") != "team" {
			t.Errorf("%v", r.Header)
		}
		if body["associated_data"] != base64.StdEncoding.EncodeToString([]byte("about")) {
			t.Errorf("%v", body)
		}
		switch r.URL.Path {
		case "/v1/some/mount/encrypt/valetkey":
			return "data", map[string]any{"ciphertext": "vault:v1:" + body["plaintext"].(string)}
		case "/v1/some/mount/decrypt/valetkey":
			return "data", map[string]any{"plaintext": strings.TrimPrefix(body["ciphertext"].(string), "vault:v1:")}
		}
		t.Errorf("%s", r.URL.Path)
		return "", nil
	}))
	roundTrip(t, "hcvault://"+host+"/some/mount/keys/valetkey", access)
}

func TestAWSIsAskedWithASignature(t *testing.T) {
	environment := map[string]string{
		"AWS_ENDPOINT_URL_KMS": "SERVER", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_SESSION_TOKEN": "session",
	}
	arn := "arn:aws:kms:eu-west-1:123456789012:key/abc"
	access, _ := service(t, environment, reversing(t, func(r *http.Request, body map[string]any) (string, any) {
		signed := r.Header.Get("Authorization")
		if !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 Credential=AKID/20260131/eu-west-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=") {
			t.Errorf("%s", signed)
		}
		if r.Header.Get("X-Amz-Date") != "20260131T120000Z" || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || body["KeyId"] != arn {
			t.Errorf("%v %v", r.Header, body)
		}
		if context, ok := body["EncryptionContext"].(map[string]any); !ok || context["associatedData"] == "" {
			t.Errorf("%v", body)
		}
		if r.Header.Get("X-Amz-Target") == "TrentService.Encrypt" {
			return "CiphertextBlob", body["Plaintext"]
		}
		return "Plaintext", body["CiphertextBlob"]
	}))
	roundTrip(t, "aws-kms://"+arn, access)
}

func TestGoogleIsAskedWithTheMachinesToken(t *testing.T) {
	name := "projects/p/locations/global/keyRings/r/cryptoKeys/k"
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") != "Google" {
			t.Errorf("%v", r.Header)
		}
		_, _ = io.WriteString(w, `{"access_token":"machine","expires_in":3600}`)
	}))
	t.Cleanup(metadata.Close)
	environment := map[string]string{"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": "SERVER", "GCE_METADATA_HOST": strings.TrimPrefix(metadata.URL, "http://")}
	access, _ := service(t, environment, reversing(t, func(r *http.Request, body map[string]any) (string, any) {
		if r.Header.Get("Authorization") != "Bearer machine" || body["additionalAuthenticatedData"] == nil {
			t.Errorf("%v %v", r.Header, body)
		}
		if r.URL.Path == "/v1/"+name+":encrypt" {
			return "ciphertext", body["plaintext"]
		}
		return "plaintext", body["ciphertext"]
	}))
	roundTrip(t, "gcp-kms://"+name, access)
}

func TestAServiceThatIsDownIsToldFromOneThatRefuses(t *testing.T) {
	for status, code := range map[int]api.Code{500: api.CodeUnreachable, 429: api.CodeUnreachable, 403: api.CodeNeedsConfiguration, 200: api.CodeUnreachable} {
		environment := map[string]string{"VAULT_ADDR": "SERVER", "VAULT_TOKEN": "t0ken"}
		access, host := service(t, environment, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "t0ken <html>")
		})
		key, err := kms.Open("hcvault://"+host+"/transit/keys/k", access)
		if err != nil {
			t.Fatal(err)
		}
		_, err = key.Decrypt([]byte("vault:v1:x"), nil)
		if !fault.Is(err, code) || fault.As(err).Hint == "" || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestAURIThatCannotBeMeantSaysWhatCan(t *testing.T) {
	access := kms.Access{Getenv: func(string) string { return "" }}
	for _, uri := range []string{
		"", "keyring.json", "vault://x", "hcvault://host", "hcvault://host/transit/key/x", "hcvault:///transit/keys/x", "hcvault://user:pw@host/transit/keys/x",
		"aws-kms://key", "aws-kms://arn:aws:s3:eu:1:key/x", "gcp-kms://projects/p", "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k/more",
	} {
		_, err := kms.Open(uri, access)
		if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(fault.As(err).Hint, "VALETKEY_MASTER_KEY") || strings.Contains(err.Error(), "pw@") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}
