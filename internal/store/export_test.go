package store

// LookThrough sets how many rows of a list are looked through before the index
// is asked.
func (db *DB) LookThrough(rows int) { db.window = rows }
