package kernel

// Linear is the inner product: a linear method on features of its own making,
// fewer than the columns where the rows span less.
//
//	k(x, z) = x·z
//
// Aizerman, Braverman, Rozonoer, Theoretical foundations of the potential
// function method in pattern recognition learning, Automation and Remote
// Control 25, 1964.
type Linear struct{}

// Value implements Kernel.
func (Linear) Value(xz, _, _ float64) float64 { return xz }

// On implements Kernel.
func (k Linear) On(float64) Kernel { return k }

// Variants implements Kernel.
func (k Linear) Variants(float64) []Kernel { return []Kernel{k} }

// Parameters implements Kernel.
func (Linear) Parameters() map[string]float64 { return nil }
