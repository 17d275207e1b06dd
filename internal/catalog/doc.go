// Package catalog holds providers as data: the descriptions built into the
// binary (providers/*.yaml, one file a provider), the user's own on top, and
// what turns a description into addresses and parameters.
//
//	catalog.go   look-up and layering; a built-in file is read when it is first asked for
//	check.go     what is wrong with a description beyond its keys
//	template.go  {name} in addresses and values
//	resolve.go   a description with the variables of one connection filled in
//
// Invariants: a template has no code and no conditions. A variable in the host
// part of an address cannot leave its label: it never brings a slash, an at
// sign, a colon or a query of its own. A Catalog is immutable.
//
// Not in it: storage of the user's descriptions (package broker), requests.
package catalog
