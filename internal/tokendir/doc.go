// Package tokendir keeps token files: a connection's tokens as a file, for
// programs that can read nothing else.
//
//	Dirs.MayWrite     before a setting is taken
//	Dirs.Write        after each new token set
//
// Invariants:
//   - A file lies under a directory that the operator of the server named,
//     since settings may be written over the network. A symbolic link leads
//     nowhere else.
//   - It is the owner's alone, and whole at any moment.
//
// Not in it: what the file says (package arrangement), and reading one
// (package importer/tokenfile).
package tokendir
