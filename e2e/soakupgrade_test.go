//go:build unix

package e2e

import (
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// TestANodeOfThisVersionJoinsOneOfAnotherWithoutAnInterruption runs a node of
// the version before, whose binary VALETKEY_OLD_BINARY names, and starts one of
// this version beside it, on the same database.
func TestANodeOfThisVersionJoinsOneOfAnotherWithoutAnInterruption(t *testing.T) {
	before := os.Getenv("VALETKEY_OLD_BINARY")
	if before == "" {
		t.Skip("set VALETKEY_OLD_BINARY to the binary of the version before")
	}
	provider := newSoakProvider(t, 2, false)
	database := pgtest.Start(t).URL(t)
	dirs := [2]string{t.TempDir(), t.TempDir()}
	old := startBinary(t, before, dirs[0], "--database", database)
	env := []string{"VALETKEY_DATA=" + dirs[0]}
	names := []string{"mail", "files"}
	provider.describe(t, env, "", names...)
	for _, name := range names {
		provider.bring(t, env, name)
	}
	key := callersKey(t, env)
	there := sdk(t, old.url, key)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var reads atomic.Int64
	var callers sync.WaitGroup
	for _, name := range names { // from before until after
		callers.Go(func() {
			for ctx.Err() == nil {
				if _, err := there.Token(ctx, name, 0); err != nil && ctx.Err() == nil {
					t.Errorf("a caller of the old node: %v", err)
				}
				reads.Add(1)
				pause(ctx, 10*time.Millisecond)
			}
		})
	}
	shareKeyring(t, dirs[0], dirs[1])
	here := startServe(t, dirs[1], "--database", database)
	knows(t, here, key)
	now := sdk(t, here.url, key)
	for range 20 {
		for _, name := range names {
			if _, err := there.Refresh(ctx, name); err != nil {
				t.Errorf("renewing on the old node: %v", err)
			}
			if _, err := now.Refresh(ctx, name); err != nil {
				t.Errorf("renewing on the new node: %v", err)
			}
		}
	}
	stop()
	callers.Wait()
	refreshes, reused, refused := provider.tally("mail")
	if reused != 0 || refused != 0 {
		t.Errorf("%d refresh tokens were sent twice, %d requests refused", reused, refused)
	}
	t.Logf("%d token reads on the old node while the new one brought the tables up to date, %d renewals of one connection in turns", reads.Load(), refreshes)
	if !strings.Contains(here.log.String(), "brought up to date") {
		t.Log("both versions have the same tables")
	}
}
