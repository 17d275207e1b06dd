//go:build race

package strictyaml_test

// scale divides the sizes of hostile documents: the race detector makes each
// step ten times as long, and finds nothing more in ten times as many.
const scale = 10
