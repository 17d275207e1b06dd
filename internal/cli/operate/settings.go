package operate

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// serveFile is the configuration file of a server. A key that holds text is
// the environment variable VALETKEY_KEY in small letters, so that a setting
// has one meaning wherever it is written.
type serveFile struct {
	installation
	addresses
	storage
	leaves
	openID
	Sweep         string   `json:"sweep,omitempty"`
	Apply         string   `json:"apply,omitempty"`       // a manifest, or a directory of them
	ApplyPrune    bool     `json:"apply_prune,omitempty"` // delete what it does not name
	ReturnOrigins []string `json:"return_origins,omitempty"`
}

type installation struct {
	Name string `json:"name,omitempty"`
	Logo string `json:"logo,omitempty"`
}

type addresses struct {
	Listen        string `json:"listen,omitempty"`
	PublicURL     string `json:"public_url,omitempty"`
	AllowPrivate  string `json:"allow_private,omitempty"`
	OutboundProxy string `json:"outbound_proxy,omitempty"`
}

type storage struct {
	Data           string `json:"data,omitempty"`
	Database       string `json:"database,omitempty"`
	DatabaseFile   string `json:"database_file,omitempty"`
	ProvidersDir   string `json:"providers_dir,omitempty"`
	MasterKey      string `json:"master_key,omitempty"`
	MasterKeyCache string `json:"master_key_cache,omitempty"`
	KeepEvents     string `json:"keep_events,omitempty"`
	KeepAudit      string `json:"keep_audit,omitempty"`
}

type leaves struct {
	AllowCommand string `json:"allow_command,omitempty"`
	AllowGrants  string `json:"allow_grants,omitempty"`
	TokenFiles   string `json:"token_files,omitempty"`
}

type openID struct {
	Issuer           string `json:"oidc_issuer,omitempty"`
	ClientID         string `json:"oidc_client_id,omitempty"`
	ClientSecret     string `json:"oidc_client_secret,omitempty"`
	ClientSecretFile string `json:"oidc_client_secret_file,omitempty"`
	Allowed          string `json:"oidc_allowed,omitempty"`
}

// readSettings reads the file of --config; no path is an empty file.
func readSettings(path string) (file serveFile, err error) {
	if path == "" {
		return file, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return file, fault.Wrap(err, api.CodeNeedsConfiguration, "the configuration file %s cannot be read: %s", path, console.Reason(err))
	}
	return file, prompt.InConfiguration(strictyaml.Decode(path, data, &file))
}

// under is an environment whose variables go before the settings of the file.
func (f serveFile) under(getenv func(string) string) (func(string) string, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, err
	}
	return func(name string) string {
		if value := getenv(name); value != "" {
			return value
		}
		key, ours := strings.CutPrefix(name, "VALETKEY_")
		if !ours || getenv(name+"_FILE") != "" { // the variable that names a file goes before this one, too
			return ""
		}
		value, _ := keys[strings.ToLower(key)].(string)
		return value
	}, nil
}
