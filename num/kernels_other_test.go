//go:build !amd64

package num

import "testing"

// everyUnit runs f on the only unit of this machine.
func everyUnit(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("generic", f)
}
