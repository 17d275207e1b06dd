// Package heap lets garbage gather while little memory is in use. The runtime
// collects when the heap has doubled; a server that serves from a few megabytes
// would do so dozens of times a second.
//
// Not in it: a limit. What is in use is bounded where it is held.
package heap
