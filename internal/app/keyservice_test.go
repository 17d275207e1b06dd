package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
)

// keyService is AWS KMS and Google Cloud KMS as their HTTP interfaces are
// documented, with a key that seals by writing down what it was bound to.
func keyService(t *testing.T) (address string, down *atomic.Bool) {
	t.Helper()
	down = new(atomic.Bool)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) { awsKMS(t, w, r) })
	mux.HandleFunc("POST /v1/{key...}", func(w http.ResponseWriter, r *http.Request) { googleKMS(t, w, r) })
	mux.HandleFunc("GET /computeMetadata/v1/instance/service-accounts/default/token", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") == "Google" {
			_, _ = io.WriteString(w, `{"access_token":"machine","expires_in":3600,"token_type":"Bearer"}`)
		}
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, down
}

// sealedBlob is what the key gives for a text.
type sealedBlob struct {
	Text  []byte `json:"text"`
	Bound string `json:"bound"`
}

func openBlob(blob []byte, bound string) ([]byte, bool) {
	var sealed sealedBlob
	err := json.Unmarshal(blob, &sealed)
	return sealed.Text, err == nil && sealed.Bound == bound
}

func awsKMS(t *testing.T, w http.ResponseWriter, r *http.Request) {
	var in struct {
		KeyID                     string `json:"KeyId"`
		Plaintext, CiphertextBlob []byte
		EncryptionContext         map[string]string
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	signed := r.Header.Get("Authorization")
	if !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 Credential=AKID/") || !strings.Contains(signed, "/eu-central-1/kms/aws4_request") || in.KeyID != "arn:aws:kms:eu-central-1:123456789012:key/valetkey" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"no"}`)
		return
	}
	bound := in.EncryptionContext["associatedData"]
	if r.Header.Get("X-Amz-Target") == "TrentService.Encrypt" {
		blob, _ := json.Marshal(sealedBlob{in.Plaintext, bound})
		_ = json.NewEncoder(w).Encode(map[string][]byte{"CiphertextBlob": blob})
		return
	}
	text, ok := openBlob(in.CiphertextBlob, bound)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"InvalidCiphertextException"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string][]byte{"Plaintext": text})
}

func googleKMS(t *testing.T, w http.ResponseWriter, r *http.Request) {
	var in struct{ Plaintext, Ciphertext, AdditionalAuthenticatedData []byte }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	key, verb, _ := strings.Cut(r.PathValue("key"), ":")
	if r.Header.Get("Authorization") != "Bearer machine" || key != "projects/contoso/locations/global/keyRings/main/cryptoKeys/valetkey" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"error":{"message":"no"}}`)
		return
	}
	bound := string(in.AdditionalAuthenticatedData)
	if verb == "encrypt" {
		blob, _ := json.Marshal(sealedBlob{in.Plaintext, bound})
		_ = json.NewEncoder(w).Encode(map[string][]byte{"ciphertext": blob})
		return
	}
	text, ok := openBlob(in.Ciphertext, bound)
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string][]byte{"plaintext": text})
}

func TestAnInstallationBeginsAndRestartsUnderEachKeyServiceByItsURI(t *testing.T) {
	service, down := keyService(t)
	environment := map[string]string{
		"AWS_ENDPOINT_URL_KMS": service, "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s3cret",
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": service, "GCE_METADATA_HOST": strings.TrimPrefix(service, "http://"),
	}
	for name, uri := range map[string]string{
		"AWS":    "aws-kms://arn:aws:kms:eu-central-1:123456789012:key/valetkey",
		"Google": "gcp-kms://projects/contoso/locations/global/keyRings/main/cryptoKeys/valetkey",
	} {
		t.Run(name, func(t *testing.T) {
			address, _ := tokens(t)
			config := app.Config{DataDir: t.TempDir(), Custody: app.Custody{MasterKey: app.MasterKeyConfig{
				URI: uri, Getenv: func(name string) string { return environment[name] },
			}}}
			r := start(t, config)
			r.fill(t, address)
			if ring, err := r.client.Keyring(t.Context()); err != nil || ring.MasterKey != uri || !ring.MasterKeyAnswers {
				t.Fatalf("%+v, %v", ring, err)
			}
			must(t, r.app.Close(t.Context()))

			down.Store(true)
			if _, err := app.Open(t.Context(), config); !fault.Is(err, api.CodeUnreachable) || fault.As(err).Hint == "" {
				t.Fatalf("a service that is down: %v", err)
			}
			down.Store(false)
			other := config
			other.MasterKey.URI = strings.Replace(uri, "valetkey", "other", 1)
			if _, err := app.Open(t.Context(), other); !fault.Is(err, api.CodeNeedsConfiguration) || strings.Contains(err.Error(), "s3cret") {
				t.Fatalf("a key that refuses: %v", err)
			}
			r = start(t, config)
			if token, err := r.client.Token(t.Context(), "test-steady", 0); err != nil || token.AccessToken != "access" {
				t.Fatalf("%v, %v", token, err)
			}
		})
	}
}
