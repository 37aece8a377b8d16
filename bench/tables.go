package main

import (
	"bufio"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/linear"
)

// reading reads a file of 200,000 rows of 22 numbers of 8 digits.
func reading(b *bench) error {
	const rows, columns = 200_000, 22
	path := filepath.Join(b.dir, "numbers.csv")
	if err := writeNumbers(path, rows, columns); err != nil {
		return err
	}
	for _, by := range []string{"pandas", "numpy"} {
		if err := b.peer.prepare("read", map[string]any{"path": path, "by": by}); err != nil {
			return err
		}
		err := b.measure(pair{
			problem: "CSV, 200,000 × 22",
			ours: func() error {
				_, err := data.Read(b.ctx, data.Options{Path: path, Targets: []string{"x0"}})
				return err
			},
			reached: func() string { return "types and tasks inferred" },
			peer:    map[string]string{"pandas": "pandas.read_csv", "numpy": "numpy.loadtxt"}[by],
			theirs:  func(result) string { return "" },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func writeNumbers(path string, rows, columns int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	rng, w := rand.New(rand.NewPCG(1, 2)), bufio.NewWriter(file)
	for i := -1; i < rows; i++ {
		for j := range columns {
			switch {
			case j > 0:
				w.WriteByte(',')
			}
			if i < 0 {
				w.WriteString("x" + strconv.Itoa(j))
			} else {
				w.WriteString(strconv.FormatFloat(rng.NormFloat64(), 'g', 8, 64))
			}
		}
		w.WriteByte('\n')
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// predicting predicts a million rows by models fitted on the first 10,000.
func predicting(b *bench) error {
	const rows, head = 1_000_000, 10_000
	x, y := planted(rows, 20, 10)
	table, err := kindred.TableOf(x)
	if err != nil {
		return err
	}
	args := map[string]any{"train": head}
	if err := b.saveRows(args, "x", x); err != nil {
		return err
	}
	if err := b.saveRows(args, "y", y); err != nil {
		return err
	}
	for _, by := range []string{"ridge", "logistic"} {
		s, err := sharedSet(x[:head], y[:head])
		if err != nil {
			return err
		}
		if by == "logistic" {
			positive(s)
		}
		model, err := linear.Method{C: 1}.Fit(b.ctx, s)
		if err != nil {
			return err
		}
		args["by"] = by
		if err := b.peer.prepare("predict", args); err != nil {
			return err
		}
		err = b.measure(pair{
			problem: "predict 1,000,000 × 20, 10 tasks, " + by,
			ours:    func() error { _, err := model.Predict(b.ctx, table, nil); return err },
			reached: func() string {
				return map[string]string{"ridge": "values", "logistic": "decisions, classes, probabilities"}[by]
			},
			peer:   map[string]string{"ridge": "Ridge.predict", "logistic": "MultiOutputClassifier(LogisticRegression).predict_proba"}[by],
			theirs: func(result) string { return map[string]string{"ridge": "values", "logistic": "probabilities"}[by] },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// positive turns regressions into binary tasks of their signs.
func positive(s *kindred.Set) {
	for i := range s.Tasks {
		t := &s.Tasks[i]
		t.Kind, t.Label.Classes = kindred.Binary, []string{"no", "yes"}
		for k, v := range t.Y() {
			t.Y()[k] = 0
			if v > 0 {
				t.Y()[k] = 1
			}
		}
	}
}
