package broker

import "context"

// Invalidate forgets what is in memory of a connection, or with "" of all of
// them; it is read again at the next call. Another process changed it.
func (b *Broker) Invalidate(connection string) {
	if connection == "" {
		b.desk.Servers.Forget()
	}
	b.forget(connection)
}

// forget drops what is in memory of a connection, or with "" of all of them.
func (b *Broker) forget(connection string) {
	b.behalf.Clear() // rare, and each user's token is soon exchanged again
	if connection == "" {
		b.snapshots.Clear()
		return
	}
	b.snapshots.Drop(connection)
}

// ReloadProviders reads the user's providers again and forgets what was made
// of them. Another process changed them. After an error nothing is forgotten.
func (b *Broker) ReloadProviders(ctx context.Context) error { return b.providersChanged(ctx) }
