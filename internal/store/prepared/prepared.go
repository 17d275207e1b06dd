package prepared

import (
	"context"
	"database/sql"
	"sync"
)

// most bounds the statements of a pool. Each takes some kilobytes on each of
// its connections.
const most = 96

// Pool is a pool of connections with what is compiled on them.
type Pool struct {
	db *sql.DB

	mu     sync.RWMutex
	known  map[string]*entry
	wanted []string // by transactions
}

// entry is a statement that was met.
type entry struct {
	stmt   *sql.Stmt // nil: not compiled
	wanted bool
}

// New returns a pool that knows no statement.
func New(db *sql.DB) *Pool { return &Pool{db: db, known: make(map[string]*entry)} }

// find returns a compiled statement; nil where there is none, and then whether
// it was met before.
func (p *Pool) find(query string) (stmt *sql.Stmt, met bool) {
	p.mu.RLock()
	e := p.known[query]
	if e != nil {
		stmt, met = e.stmt, true
	}
	p.mu.RUnlock()
	if met {
		return stmt, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[query] == nil && len(p.known) < most {
		p.known[query] = &entry{}
	}
	return nil, false
}

// want has a statement compiled when no transaction runs.
func (p *Pool) want(query string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.known[query]; !e.wanted {
		e.wanted = true
		p.wanted = append(p.wanted, query)
	}
}

// compile compiles a statement. One that cannot be is left to fail where it runs.
func (p *Pool) compile(ctx context.Context, query string) *sql.Stmt {
	stmt, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.known[query]
	if e.stmt != nil { // somebody was faster
		_ = stmt.Close()
		return e.stmt
	}
	e.stmt = stmt
	return stmt
}

// QueryContext runs a query outside of transactions.
func (p *Pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, met := p.find(query)
	if stmt == nil && met {
		stmt = p.compile(ctx, query)
	}
	if stmt == nil {
		return p.db.QueryContext(ctx, query, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// Begin begins a transaction. What earlier ones met more than once is compiled
// first: a pool of one connection can do so between two of them only.
func (p *Pool) Begin(ctx context.Context, options *sql.TxOptions) (*Tx, error) {
	p.mu.Lock()
	wanted := p.wanted
	p.wanted = nil
	p.mu.Unlock()
	for _, query := range wanted {
		p.compile(ctx, query)
	}
	tx, err := p.db.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	return &Tx{pool: p, tx: tx, own: make(map[string]*sql.Stmt)}, nil
}
