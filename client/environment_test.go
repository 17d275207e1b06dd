package client

import (
	"errors"
	"testing"
)

func TestTheEnvironmentNamesServerAndKey(t *testing.T) {
	files := map[string]string{"/run/key": "vk_file\n"}
	readFile := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	}
	for name, c := range map[string]struct {
		env       map[string]string
		name, key string
	}{
		"url and key":            {map[string]string{"VALETKEY_URL": "http://h:1", "VALETKEY_KEY": "vk_a"}, "http://h:1", "vk_a"},
		"key file":               {map[string]string{"VALETKEY_URL": "http://h:1/", "VALETKEY_KEY_FILE": "/run/key"}, "http://h:1", "vk_file"},
		"the key beats its file": {map[string]string{"VALETKEY_URL": "http://h:1", "VALETKEY_KEY": "vk_a", "VALETKEY_KEY_FILE": "/none"}, "http://h:1", "vk_a"},
		"data directory":         {map[string]string{"VALETKEY_DATA": "/d"}, "the unix socket /d/valetkey.sock", ""},
		"XDG":                    {map[string]string{"XDG_DATA_HOME": "/x", "HOME": "/h"}, "the unix socket /x/valetkey/valetkey.sock", ""},
		"home":                   {map[string]string{"HOME": "/h"}, "the unix socket /h/.local/share/valetkey/valetkey.sock", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := fromEnvironment(func(k string) string { return c.env[k] }, readFile)
			if err != nil {
				t.Fatal(err)
			}
			if got.name != c.name || got.key != c.key {
				t.Errorf("got %q %q", got.name, got.key)
			}
		})
	}
	if _, err := fromEnvironment(func(k string) string { return "/none" }, readFile); err == nil {
		t.Error("a URL that is a path was taken")
	}
	if _, err := fromEnvironment(func(k string) string {
		return map[string]string{"VALETKEY_URL": "http://h", "VALETKEY_KEY_FILE": "/none"}[k]
	}, readFile); err == nil {
		t.Error("a key file that is not there was taken for no key")
	}
}
