// Package lenient reads the documents of authorization servers as they are
// written: JSON or a form, whatever the content type says.
//
// It forgives what cannot be misread, and nothing else: a member that is there
// twice with different values, JSON with something behind it and endless nesting
// are errors. Numbers keep their text.
//
// Not in it: what a document means (package oauth).
package lenient
