// Package archtest holds what every architecture must pass: what follows from
// its shape and from what it says is whose, with no number written down.
package archtest

import (
	"fmt"
	"testing"

	"github.com/kindred-mtl/kindred/arch"
)

// Names are what the tasks of every check are called, for options that name
// them.
var Names = []string{"a", "b", "c", "d"}

// Check tests the architecture that fresh makes, in wide and in long batches, of
// tasks that are alike, that are not, and of one task.
func Check(t *testing.T, name string, fresh func() arch.Architecture) {
	t.Run(name, func(t *testing.T) {
		if err := fresh().Check(); err != nil {
			t.Fatal(err)
		}
		for _, s := range situations {
			if !fits(fresh(), s.tasks) {
				continue // the options name tasks that are not there
			}
			t.Run(s.name, func(t *testing.T) {
				c := &check{T: t, fresh: fresh, tasks: s.tasks}
				c.layout()
				c.wideIsLong()
				c.permuted()
				c.only()
				c.oneRow()
				for _, long := range []bool{false, true} {
					c.Run(fmt.Sprintf("long=%v", long), func(t *testing.T) {
						c := &check{T: t, fresh: fresh, tasks: s.tasks}
						c.shapes(long)
						c.differences(long)
						c.perTask(long)
						c.missing(long)
					})
				}
			})
		}
	})
}

// fits tells whether the options are of these tasks.
func fits(a arch.Architecture, tasks []arch.Task) bool {
	c, ok := a.(interface{ CheckTasks([]arch.Task) error })
	return !ok || c.CheckTasks(tasks) == nil
}

// situations are the tasks of a network.
var situations = []struct {
	name  string
	tasks []arch.Task
}{
	{"mixed", []arch.Task{{Name: "a", Outputs: 1, Alike: "number"}, {Name: "b", Outputs: 3, Alike: "classes"}, {Name: "c", Outputs: 1, Alike: "number"}, {Name: "d", Outputs: 3, Alike: "classes"}}},
	{"alike", []arch.Task{{Name: "a", Outputs: 2}, {Name: "b", Outputs: 2}, {Name: "c", Outputs: 2}, {Name: "d", Outputs: 2}}},
	{"apart", []arch.Task{{Name: "a", Outputs: 1, Alike: "1"}, {Name: "b", Outputs: 3, Alike: "2"}, {Name: "c", Outputs: 1, Alike: "3"}, {Name: "d", Outputs: 2, Alike: "4"}}},
	{"alone", []arch.Task{{Name: "a", Outputs: 3}}},
}

// A check is one architecture of some tasks under test.
type check struct {
	*testing.T
	fresh func() arch.Architecture
	tasks []arch.Task
}

// norm is what hidden layers are normalized by.
func (c *check) norm() string { return c.fresh().Common().Norm }
