package keyring

import (
	"context"
	"time"

	"github.com/valetkey/valetkey/api"
)

// Status says what keys there are, how much each has sealed, and how far a
// rotation is. Of many sealed values it says how many they were when they were
// counted last.
func (h *Holder) Status(ctx context.Context) (api.Keyring, error) {
	if err := h.Reload(ctx); err != nil {
		return api.Keyring{}, err
	}
	counted, countedAt, err := h.count(ctx)
	if err != nil {
		return api.Keyring{}, err
	}
	j, _, err := h.job(ctx)
	if err != nil {
		return api.Keyring{}, err
	}
	s := h.state.Load()
	status := api.Keyring{MasterKey: s.doc.Master, MasterKeyAnswers: !h.health.failing.Load(), CountedAt: present(countedAt)}
	if !status.MasterKeyAnswers {
		until := h.health.until(h.config.Cache).UTC()
		status.KeysUsedUntil = &until
	}
	for _, k := range s.doc.Keys {
		shown := api.KeyringKey{ID: k.ID.String(), State: s.stateOf(k), Rows: counted[k.ID], CreatedAt: present(k.CreatedAt), SealsFrom: present(k.SealsFrom)}
		if !k.RetiredAt.IsZero() {
			shown.ForgottenAt = present(k.RetiredAt.Add(keepRetired))
		}
		if k.ID != s.ring.Primary() {
			status.Remaining += counted[k.ID]
		}
		status.Keys = append(status.Keys, shown)
	}
	status.Resealed, status.Damaged = j.Resealed, j.Damaged
	status.Rotating = len(s.doc.Keys) > 1 && !(j.Done && j.Key == s.ring.Primary())
	if _, due := s.next(h.config.Now().Add(h.config.Settle)); due {
		status.Rotating = true
	}
	return status, nil
}

func (s state) stateOf(k key) api.KeyringKeyState {
	switch {
	case k.ID == s.ring.Primary():
		return api.KeySeals
	case !k.RetiredAt.IsZero():
		return api.KeyRetired
	case k.SealsFrom.After(s.primary().SealsFrom):
		return api.KeyNext
	default:
		return api.KeyOpens
	}
}

func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
