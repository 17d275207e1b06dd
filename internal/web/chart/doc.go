// Package chart draws the pictures of the pages as SVG: a connection's events
// on a line of time, and a small plot of its last minutes.
//
// Invariants: a picture is markup of ours and numbers; texts in it are escaped.
// Colours come from the style sheet by class. Beside each picture stands the
// same as text: a picture is an image with one name to a screen reader.
//
// Not in it: which events there are (package console).
package chart
