package prompt

import (
	"context"
	"iter"

	"github.com/valetkey/valetkey/internal/reach"
)

// Session is one way in.
type Session = reach.Session

// way is where flags and environment say that Valetkey is.
func (p *Prompt) way() (reach.Way, error) {
	way := reach.Way{URL: p.Setting(p.Flags.URL, "VALETKEY_URL")}
	var err error
	if way.URL != "" {
		way.Key, err = p.SecretSetting(p.Flags.Key, "VALETKEY_KEY")
		return way, err
	}
	way.Config, err = p.AppConfig(ServerFlags{})
	way.Config.Alone = true // where a server runs on the data directory, its own settings count
	return way, err
}

// With opens a session for the time of do.
func (p *Prompt) With(ctx context.Context, do func(*Session) error) (err error) {
	way, err := p.way()
	if err != nil {
		return err
	}
	s, err := reach.Open(ctx, way)
	if err != nil {
		if way.URL != "" {
			err = InConfiguration(err)
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

// Collect reads a list to its end; nothing found is an empty list.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}
