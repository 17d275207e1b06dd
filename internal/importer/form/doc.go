// Package form turns the OAuth 2.0 form of an API tool, filled in, into a
// provider, a client and a connection of a draft.
//
// The flow: an importer reads its file into [Form] values, one for each place
// that has OAuth settings; [Variables] puts values in the place of {{name}};
// [Builder.Add] checks a form, notes what has no counterpart and adds the rest
// to the draft. Forms that say the same become one.
//
// Invariants:
//   - What stands in the draft passes the catalogue's check.
//   - Secrets go to the client and the token only. A parameter whose name says
//     that it is one is noted and left out.
//   - The time spent grows with the input and not with its square.
//
// Not in it: the formats (one package for each tool), and providers that the
// catalogue has already (package known).
package form
