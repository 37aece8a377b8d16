package num

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

var unitNames = []string{generic: "generic", avx2: "avx2", avx512: "avx512"}

// everyUnit runs f on every vector unit this machine has, and without one.
func everyUnit(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	was := unit
	defer func() { unit = was }()
	for unit = generic; unit <= choose(""); unit++ {
		t.Run(unitNames[unit], f)
	}
}

// The environment holds the package to a lesser unit. It is read when the
// program starts: the test starts itself anew.
func TestEnvironmentChoosesTheUnit(t *testing.T) {
	const child = "KINDRED_TEST_PRINT_UNIT"
	if os.Getenv(child) != "" {
		t.Log("unit: " + unitNames[unit])
		return
	}
	best := choose("")
	for name, want := range map[string]int{"": best, "avx512": best, "avx2": min(best, avx2), "generic": generic} {
		if out := again(child, name); !strings.Contains(out, "unit: "+unitNames[want]+"\n") {
			t.Errorf("KINDRED_CPU=%q: want %s, got\n%s", name, unitNames[want], out)
		}
	}
	if out := again(child, "sse9"); !strings.Contains(out, "KINDRED_CPU is sse9; it is generic, avx2 or avx512") {
		t.Errorf("KINDRED_CPU=sse9: got\n%s", out)
	}
}

func again(child, name string) string {
	c := exec.Command(os.Args[0], "-test.v", "-test.run=^TestEnvironmentChoosesTheUnit$")
	c.Env = append(os.Environ(), child+"=1", "KINDRED_CPU="+name)
	out, err := c.CombinedOutput()
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}
