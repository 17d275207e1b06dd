//go:build !race

package strictyaml_test

// scale divides the sizes of hostile documents.
const scale = 1
