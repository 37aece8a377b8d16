package split

import "github.com/kindred-mtl/kindred"

const (
	innerFolds = 5 // LIBSVM's number for probabilities
	// enough labels held out tell settings apart as far as it matters: a rate
	// of errors is then known to half a percent.
	enough = 10_000
)

// Inner are the folds within training rows on which settings are chosen and
// decisions calibrated: those of KFold. With k 0 they are five, or as many as
// the rows allow; only the first ones are used where these hold out enough
// labels, two at least. Where all rows have times, folds are those of Time, as many
// as the times allow: settings are chosen as they are judged, on what follows. Of
// times that allow no two folds, such as one day, KFold's are taken.
func Inner(s *kindred.Set, k int, seed uint64) ([]Fold, error) {
	if folds := past(s, k); folds != nil {
		return folds, nil
	}
	if k > 0 {
		return KFold(s, k, 1, seed)
	}
	p := newPool(s)
	_, free := p.loners()
	folds, err := p.kfold(min(innerFolds, max(2, free)), 1, seed)
	held := 0
	for i := range folds {
		if i >= 2 && held >= enough {
			return folds[:i], nil
		}
		for _, places := range folds[i].Test {
			held += len(places)
		}
	}
	return folds, err
}

// past are folds of Time, k or as many as there may be; nil where there are no two.
func past(s *kindred.Set, k int) []Fold {
	for i := range s.Tasks {
		if s.Tasks[i].Table.Time == nil {
			return nil
		}
	}
	if k == 0 {
		k = innerFolds
	}
	for ; k >= 2; k-- {
		if folds, err := Time(s, k); err == nil {
			return folds
		}
	}
	return nil
}
