package split

import (
	"fmt"

	"github.com/kindred-mtl/kindred"
)

// Given splits as train says: for each split and row of the set's one table 1
// to train, 0 to test, −1 for neither. A split that breaks a group is an error.
func Given(s *kindred.Set, names []string, train [][]int8) ([]Fold, error) {
	if len(names) != len(train) || len(names) == 0 {
		return nil, fmt.Errorf("%d names for %d splits; give each split a name, and at least one split", len(names), len(train))
	}
	tables := s.Tables()
	if len(tables) != 1 {
		return nil, fmt.Errorf("given splits name the rows of one table; the set has %d", len(tables))
	}
	var folds []Fold
	for i, sides := range train {
		if err := checkSides(tables[0], sides); err != nil {
			return nil, fmt.Errorf("split %q: %w", names[i], err)
		}
		f := newFold(s, names[i])
		for t := range s.Tasks {
			for p, r := range s.Tasks[t].Rows {
				switch sides[r] {
				case 1:
					f.Train[t] = append(f.Train[t], p)
				case 0:
					f.Test[t] = append(f.Test[t], p)
				}
			}
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("split %w", err)
		}
		folds = append(folds, f)
	}
	return folds, nil
}

// checkSides refuses what is not a side of every row, and broken groups.
func checkSides(t *kindred.Table, sides []int8) error {
	if len(sides) != t.Len() {
		return fmt.Errorf("it has %d rows where the table has %d", len(sides), t.Len())
	}
	first := map[int]int{}
	for r, side := range sides {
		if side < -1 || side > 1 {
			return fmt.Errorf("row %d: %d; give 1 to train, 0 to test, -1 for neither", r+1, side)
		}
		if t.Group == nil || side < 0 {
			continue
		}
		q, ok := first[t.Group[r]]
		if !ok {
			first[t.Group[r]] = r
		} else if sides[q] != side {
			return fmt.Errorf("rows %d and %d are of one group but on both sides; move one, or split without groups", q+1, r+1)
		}
	}
	return nil
}
