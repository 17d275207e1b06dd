package api_test

import (
	"encoding/json"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestAConnectionOverridesItsProviderKeyByKey(t *testing.T) {
	const provider = `{"token":{"in":"query","name":"t"},"auth_error":{"statuses":[401],"path":"/error","login_page":true},
		"retry":{"mode":"any","max":3,"multiply_wait":true},"rate_limit":{"requests":60,"per":60,"concurrency":5,"adaptive":true}}`
	for over, want := range map[string]string{
		`{}`: `{"token":{"in":["query"],"name":"t"},"auth_error":{"statuses":[401],"path":"/error","login_page":true},"retry":{"mode":"any","max":3,"multiply_wait":true},"rate_limit":{"requests":60,"per":"1m0s","concurrency":5,"adaptive":true}}`,
		`{"token":{"name":"u"},"auth_error":{"values":["x"],"login_page":false},"retry":{"max":0,"multiply_wait":false},"rate_limit":{"concurrency":9,"adaptive":false,"shared_with":"b"}}`: `{"token":{"in":["query"],"name":"u"},"auth_error":{"statuses":[401],"path":"/error","values":["x"],"login_page":false},"retry":{"mode":"any","max":0,"multiply_wait":false},"rate_limit":{"requests":60,"per":"1m0s","concurrency":9,"adaptive":false,"shared_with":"b"}}`,
	} {
		base, upper := settingsOf(t, provider), settingsOf(t, over)
		merged, err := json.Marshal(base.Merge(upper))
		if err != nil || string(merged) != want {
			t.Errorf("got  %s, %v\nwant %s", merged, err, want)
		}
		if again, _ := json.Marshal(base.Merge(api.CallSettings{})); string(again) == want && over != `{}` {
			t.Error("merging changed what it merged")
		}
	}
}

func settingsOf(t *testing.T, text string) (s api.CallSettings) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsSaidOfBodiesIsOverriddenKeyByKeyAndReadBackAsItWas(t *testing.T) {
	const provider = `{"test":{"path":"/a","headers":{"X":"1"},"body":"{}","success_path":"ok"},"proxy":"http://a","media_type":"json","success_path":"/ok","success_values":["1"],"error_path":"/e"}`
	merged, err := json.Marshal(settingsOf(t, provider).Merge(settingsOf(t, `{"proxy":"http://b","error_media_type":"xml","success_values":["2"],"fail_path":"f"}`)))
	const want = `{"test":{"path":"/a","headers":{"X":"1"},"body":"{}","success_path":"ok"},"proxy":"http://b","media_type":"json","error_media_type":"xml","success_path":"/ok","success_values":["2"],"fail_path":"f","error_path":"/e"}`
	if err != nil || string(merged) != want {
		t.Errorf("got  %s, %v\nwant %s", merged, err, want)
	}
	if again, _ := json.Marshal(settingsOf(t, want)); string(again) != want {
		t.Errorf("read back as %s", again)
	}
}
