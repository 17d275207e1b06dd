// Package archive unpacks the zip archives in which other programs export.
//
// The flow: [Is] tells an archive by its first bytes; [Limits.Unpack] gives its files
// as an importer reads them, from memory to memory.
//
// Invariants:
//   - What comes out is bounded, whatever the archive says of its sizes.
//   - A name that leads out of the archive refuses all of it. No name becomes a
//     path on a disk.
//
// Not in it: archives in archives, passwords, and what the files mean.
package archive
