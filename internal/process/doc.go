// Package process gives this process a name that others on the same machine
// can look up: is it still there?
//
// A name is the machine since it started, its space of process numbers, and
// the number. Where these cannot be told (other systems than Linux) a name is
// random, and nobody is ever said to be gone.
//
// Invariant: a process that lives is never called gone; one that is gone may
// be taken for alive, when another one got its number.
package process
