package cli

import (
	"context"

	"github.com/valetkey/valetkey/internal/reach"
)

// session is one way in.
type session = reach.Session

// way is where flags and environment say that Valetkey is.
func (p *program) way() (reach.Way, error) {
	way := reach.Way{URL: p.setting(p.flags.url, "VALETKEY_URL")}
	var err error
	if way.URL != "" {
		way.Key, err = p.secretSetting(p.flags.key, "VALETKEY_KEY")
		return way, err
	}
	way.Config, err = p.appConfig(serverFlags{})
	return way, err
}

// with opens a session for the time of do.
func (p *program) with(ctx context.Context, do func(*session) error) (err error) {
	way, err := p.way()
	if err != nil {
		return err
	}
	s, err := reach.Open(ctx, way)
	if err != nil {
		if way.URL != "" {
			err = inConfiguration(err)
		}
		return err
	}
	defer func() {
		if closed := s.Close(ctx); err == nil {
			err = closed
		}
	}()
	return do(s)
}
