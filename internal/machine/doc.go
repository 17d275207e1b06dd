// Package machine is what settings may use of the machine that Valetkey runs
// on: files that are read or written, and commands that give a token.
//
//	Permissions.ReadFile    a file under an allowed directory   read.go
//	Permissions.Run         an allowed program                  command.go
//	Permissions.WriteFile   a file, whole or not at all         write.go
//
// Invariants:
//   - Nothing is allowed that the operator of the server did not name, since
//     settings may be written over the network.
//   - A symbolic link leads nowhere that its target would not be allowed.
//   - What is read or printed is bounded, and never part of an error.
//
// Not in it: what the contents mean.
package machine
