// Package watch keeps a server as files describe it: a manifest, or a directory
// of them, is applied at the start and whenever it changes.
//
// The flow: [Watcher.Run] looks at each tick; files whose content is another
// than last time are parsed (package manifest) and applied. What is wrong with
// them is logged with file and line, [Watcher.Status] says it, and everything
// stays as it was.
//
// It polls and does not ask the system for notices: those do not come from
// network file systems and volumes of containers, name a link and not what it
// leads to, and come before a file is written to its end. A look reads the
// files, which are small.
//
// Invariants:
//   - Nothing is deleted unless Prune says so.
//   - The same content is applied once, and again only after it failed for
//     another reason than its own mistakes: two nodes with the same files do
//     the same, and the second changes nothing.
//
// Not in it: what applying does (package desired).
package watch
