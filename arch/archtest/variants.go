package archtest

import (
	"testing"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/tape"
)

// All checks every architecture of the table in a few variants, and says how
// many it saw.
func All(t *testing.T) {
	seen := 0
	for _, part := range arch.All {
		t.Run(part.Name, func(t *testing.T) {
			if len(variants[part.Name]) == 0 {
				t.Error("archtest has no variants of it")
			}
			for name, fresh := range variants[part.Name] {
				if got := arch.All.NameOf(fresh()); got != part.Name {
					t.Errorf("variant %q is of %q", name, got)
				}
				Check(t, name, fresh)
				seen++
			}
		})
	}
	t.Logf("archtest: %d architectures checked, in %d variants", len(arch.All), seen)
}

type variant map[string]func() arch.Architecture

// deep are two hidden layers, set by some options.
func deep(set func(l *arch.Layers)) arch.Layers {
	l := arch.Layers{Hidden: arch.Units{5, 4}}
	if set != nil {
		set(&l)
	}
	return l
}

func layerNorm(l *arch.Layers) { l.Norm = "layer" }
func batchNorm(l *arch.Layers) { l.Norm = "batch" }
func dropout(l *arch.Layers)   { l.Dropout = 0.4 }
func gelu(l *arch.Layers)      { l.Activation = tape.GELU }
func tanh(l *arch.Layers)      { l.Activation = tape.Tanh }
func none(l *arch.Layers)      { l.Hidden = arch.Units{} }
func all(l *arch.Layers) {
	l.Norm, l.Dropout, l.Activation = "batch", 0.3, tape.SiLU
}

var variants = map[string]variant{
	"shared": {
		"plain":       func() arch.Architecture { return &arch.Shared{Layers: deep(nil)} },
		"linear":      func() arch.Architecture { return &arch.Shared{Layers: deep(none)} },
		"towers":      func() arch.Architecture { return &arch.Shared{Layers: deep(tanh), Tower: arch.Units{3, 2}} },
		"towers only": func() arch.Architecture { return &arch.Shared{Layers: deep(none), Tower: arch.Units{3}} },
		"layer norm":  func() arch.Architecture { return &arch.Shared{Layers: deep(layerNorm), Tower: arch.Units{3}} },
		"batch norm":  func() arch.Architecture { return &arch.Shared{Layers: deep(batchNorm), Tower: arch.Units{3}} },
		"dropout":     func() arch.Architecture { return &arch.Shared{Layers: deep(dropout), Tower: arch.Units{3}} },
		"gelu":        func() arch.Architecture { return &arch.Shared{Layers: deep(gelu)} },
		"half":        func() arch.Architecture { return &arch.Shared{Layers: deep(nil), Share: arch.Fractions{0.5}} },
		"ever less": func() arch.Architecture {
			return &arch.Shared{Layers: deep(all), Share: arch.Fractions{1, 0.4}, Tower: arch.Units{3}}
		},
		"own below": func() arch.Architecture {
			return &arch.Shared{Layers: deep(batchNorm), Share: arch.Fractions{0.4, 1}}
		},
		"no common units": func() arch.Architecture { return &arch.Shared{Layers: deep(tanh), Share: arch.Fractions{0}} },
	},
	"hierarchy": {
		"learned": func() arch.Architecture { return &arch.Hierarchy{Layers: deep(nil)} },
		"learned, three": func() arch.Architecture {
			return &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{5, 3, 4}}, Branches: 2}
		},
		"learned, late": func() arch.Architecture {
			return &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{5, 3, 4}}, Branch: 2}
		},
		"learned, norm": func() arch.Architecture { return &arch.Hierarchy{Layers: deep(all)} },
		"groups": func() arch.Architecture {
			return &arch.Hierarchy{Layers: deep(nil), Groups: [][][]string{{{"a", "d"}, {"c", "b"}}}}
		},
		"one group": func() arch.Architecture {
			return &arch.Hierarchy{Layers: deep(nil), Groups: [][][]string{{{"a"}}}}
		},
		"groups that branch again": func() arch.Architecture {
			return &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{5, 4, 3}, Norm: "batch", Dropout: 0.2},
				Groups: [][][]string{{{"a", "c", "b"}, {"d"}}, {{"c"}, {"d"}, {"b", "a"}}}}
		},
		"attached": func() arch.Architecture {
			return &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{5, 4, 3}}, Attach: map[string]int{"a": 1}}
		},
		"attached at three": func() arch.Architecture {
			return &arch.Hierarchy{Layers: arch.Layers{Hidden: arch.Units{5, 4, 3}, Norm: "layer"}, Attach: map[string]int{"d": 1, "b": 2, "a": 1}}
		},
	},
	"embedding": {
		"plain":  func() arch.Architecture { return &arch.Embedding{Layers: deep(nil)} },
		"linear": func() arch.Architecture { return &arch.Embedding{Layers: deep(none), Dim: 3} },
		"cosine": func() arch.Architecture { return &arch.Embedding{Layers: deep(tanh), Dim: 3, Score: "cosine"} },
		"norm":   func() arch.Architecture { return &arch.Embedding{Layers: deep(all), Score: "cosine"} },
	},
	"conditioned": {
		"film":           func() arch.Architecture { return &arch.Conditioned{Layers: deep(nil), Dim: 3} },
		"film, linear":   func() arch.Architecture { return &arch.Conditioned{Layers: deep(none), Dim: 3} },
		"film, norm":     func() arch.Architecture { return &arch.Conditioned{Layers: deep(all), Dim: 3} },
		"concat":         func() arch.Architecture { return &arch.Conditioned{Layers: deep(gelu), Dim: 3, How: "concat"} },
		"concat, linear": func() arch.Architecture { return &arch.Conditioned{Layers: deep(none), Dim: 3, How: "concat"} },
		"concat, norm":   func() arch.Architecture { return &arch.Conditioned{Layers: deep(layerNorm), Dim: 3, How: "concat"} },
		"low rank": func() arch.Architecture {
			return &arch.Conditioned{Layers: deep(tanh), Dim: 3, How: "low-rank", Rank: 2}
		},
		"low rank, norm": func() arch.Architecture {
			return &arch.Conditioned{Layers: deep(all), Dim: 3, How: "low-rank", Rank: 2}
		},
		"low rank, linear": func() arch.Architecture {
			return &arch.Conditioned{Layers: deep(none), Dim: 3, How: "low-rank", Rank: 2}
		},
	},
	"mmoe": {
		"plain":      func() arch.Architecture { return &arch.MMoE{Layers: deep(nil), Experts: 3} },
		"one expert": func() arch.Architecture { return &arch.MMoE{Layers: deep(nil), Experts: 1} },
		"linear":     func() arch.Architecture { return &arch.MMoE{Layers: deep(none)} },
		"towers":     func() arch.Architecture { return &arch.MMoE{Layers: deep(dropout), Experts: 2, Tower: arch.Units{3}} },
		"norm":       func() arch.Architecture { return &arch.MMoE{Layers: deep(all), Experts: 2, Tower: arch.Units{3}} },
	},
}
