-- What requests showed of how a client must authenticate: the method and which
-- of its secrets the server takes.
ALTER TABLE clients ADD COLUMN learned TEXT NOT NULL DEFAULT '{}';
