// Package desired makes things as a manifest describes them: all of it, or
// nothing.
//
// The flow: [Applier.Apply] opens one transaction, reads what there is, plans
// (package manifest), carries the plan out through the domain, which checks
// what each description means, and says what is left for people. An error, a
// dry run or a process that ends undoes all of it.
//
// Invariants:
//   - The plan is made of the state that it changes: nothing comes in between.
//   - Applying the same manifest twice changes nothing the second time, whoever
//     else applies it.
//   - A dry run checks everything that the real one would.
//
// Not in it: files and their secrets (package manifest), when to apply
// (packages rest and watch).
package desired
