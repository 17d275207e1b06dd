// Package catalog holds what is known about providers, as data.
//
// The flow: providers/*.yaml are embedded, one file per provider, the file's
// name being the provider's; [BuiltIn] lists their names and parses each one
// when it is first asked for; [Catalog.WithDirectory] lays the operator's files
// on top, and [Catalog.WithUser] the user's own on those. [Catalog.List] and
// [Catalog.Search] answer from providers/index.tsv, which go generate writes.
// [Resolve] fills a description's variables from its defaults, what was
// captured, the client and the connection; template.go expands {name} where it
// stands, and late.go what only a request knows. [FromCallback], [FromToken]
// and [Choices] read the variables that a provider tells. [Lint] and [Check]
// find what is wrong with a description before it is used.
//
// Invariants:
//   - A catalogue never changes; what it hands out are copies.
//   - Neither a start nor a list parses what is shipped.
//   - A variable's value cannot move a URL to another host, path level or
//     query parameter than the one its braces stand in, unless the
//     description says |raw.
//   - A value is never a template itself: each template is expanded once.
//   - What a provider tells chooses no host that must_match does not allow.
//   - No code and no conditions in a description: a provider that strays from
//     the RFCs is a line of data.
//
// Not in it: what is done with a description (packages oauth and broker), and
// where the user's own are kept (package store).
package catalog
