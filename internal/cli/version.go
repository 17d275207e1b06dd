package cli

import "runtime/debug"

// BuildVersion is the module version that the program was built from, as the
// Go toolchain recorded it; "devel" for a working tree.
func BuildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
