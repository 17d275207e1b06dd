package link

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Every is how often [Links.Tick] should run.
const Every = 5 * time.Second

const (
	// batch is how many links one tick takes of each kind.
	batch = 50
	// deliveryTime bounds one delivery; also how long no other node tries it.
	deliveryTime = 20 * time.Second
	// maxDeliveries bounds the tries of one delivery: a day and a half in all.
	maxDeliveries = 12
	// secretPrefix lets people and scanners recognise a webhook's secret.
	secretPrefix = "whsec_"
)

// Tick does what nobody waits for: it asks how attempts went, ends links whose
// time is over, and sends webhooks that are due.
func (l *Links) Tick(ctx context.Context) error {
	return errors.Join(l.lookAround(ctx), l.expire(ctx), l.deliver(ctx))
}

func (l *Links) lookAround(ctx context.Context) error {
	open, err := l.Store.Links(ctx, Filter{Trying: true, Limit: batch})
	if err != nil {
		return err
	}
	var errs []error
	for _, one := range open {
		_, err := l.Look(ctx, one)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (l *Links) expire(ctx context.Context) error {
	now := l.Now()
	late, err := l.Store.Links(ctx, Filter{ExpiredBy: now, Limit: batch})
	if err != nil {
		return err
	}
	for _, one := range late {
		if _, err := l.save(ctx, one, func(next *Link) error {
			if !next.over() && !now.Before(next.ExpiresAt) {
				l.end(next, api.LinkExpired, next.Progress.Cause)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (l *Links) deliver(ctx context.Context) error {
	due, err := l.Store.Links(ctx, Filter{DueBy: l.Now(), Limit: batch})
	if err != nil {
		return err
	}
	for _, one := range due {
		one.DueAt = l.Now().Add(deliveryTime)
		err := l.Store.SaveLink(ctx, one)
		if errors.Is(err, ledger.ErrStale) {
			continue // another node has it
		}
		if err != nil {
			return err
		}
		one.Version++
		status, failed := one.Status, l.send(ctx, one)
		if _, err := l.save(context.WithoutCancel(ctx), one, func(next *Link) error {
			if next.Status == status {
				l.delivered(next, failed)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// delivered writes how a try went. After a failure the next one waits longer:
// 10 seconds, then three times as long each, at most 6 hours.
func (l *Links) delivered(one *Link, failed error) {
	one.Progress.Tries++
	one.DueAt, one.Progress.LastError = time.Time{}, ""
	if failed == nil {
		return
	}
	one.Progress.LastError = fault.As(failed).Message
	if one.Progress.Tries >= maxDeliveries {
		l.Log.Warn("a webhook is given up", slog.String("link", one.ID), slog.String("error", one.Progress.LastError))
		return
	}
	wait := 10 * time.Second
	for range one.Progress.Tries - 1 {
		wait = min(3*wait, 6*time.Hour)
	}
	one.DueAt = l.Now().UTC().Add(wait)
}

// send delivers the present status once. Anything but a 2xx is a failure. Its
// form is that of Standard Webhooks: id, timestamp and signature in headers.
func (l *Links) send(ctx context.Context, one Link) error {
	key, err := l.Seal.Open(one.WebhookSecret, WebhookPlace(one.ID))
	if err != nil {
		return err
	}
	now := l.Now().UTC()
	data := wire(one)
	data.Webhook = nil
	body, err := json.Marshal(api.ConnectLinkEvent{Type: "connect_link." + string(one.Status), Timestamp: now, Data: data})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, one.Terms.Webhook, bytes.NewReader(body))
	if err != nil {
		return fault.Wrap(err, api.CodeInvalid, "the webhook's address cannot be used")
	}
	id, at := one.ID+"."+string(one.Status), strconv.FormatInt(now.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "valetkey")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", sign(key, id, at, body))
	response, err := l.HTTP.Do(r)
	if err != nil {
		var known *fault.Error
		if errors.As(err, &known) {
			return known
		}
		return fault.Wrap(err, api.CodeUnreachable, "the webhook's server did not answer")
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fault.New(api.CodeUpstream, "the webhook's server answered %d", response.StatusCode)
	}
	return nil
}

func sign(key secret.Text, id, at string, body []byte) string {
	raw, _ := base64.StdEncoding.DecodeString(key.Reveal()[len(secretPrefix):]) // it is ours
	mac := hmac.New(sha256.New, raw)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// webhookSecret makes what deliveries of a link are signed with.
func (l *Links) webhookSecret(id string) (secret.Sealed, api.Secret, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(l.Rand, raw); err != nil {
		return nil, "", fmt.Errorf("randomness for a webhook: %w", err)
	}
	text := secretPrefix + base64.StdEncoding.EncodeToString(raw)
	sealed, err := l.Seal.Seal(secret.NewText(text), WebhookPlace(id))
	return sealed, api.Secret(text), err
}
