// Package tokenfile reads token sets that were obtained elsewhere: an answer
// as a token endpoint gave it, or the file another tool keeps.
//
// It is pure: bytes and the time they were written in, an [api.TokenImport]
// out. The protocol core judges the bytes as it judges a server's answer.
//
// Not in it: reading the file (package cli), keeping the tokens (package broker).
package tokenfile
