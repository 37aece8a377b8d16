package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// makeDigits adds, for each digit, a column that says whether it is that one,
// and puts every row on a side: 7,000 to train on, 3,000 to test on.
func makeDigits(folder string) (string, error) {
	at, row := 0, 0
	order := rand.New(rand.NewPCG(1, 1)).Perm(10_000)
	header := func(names []string) []string {
		at = place(names, "digit")
		for k := range 10 {
			names = append(names, fmt.Sprintf("is%d", k))
		}
		return names
	}
	for _, side := range []string{"train", "test"} {
		row = 0
		err := rewrite(filepath.Join(folder, "mnist_t10k.csv.gz"), filepath.Join(folder, side+".csv"), header, func(cells []string) []string {
			row++
			if (order[row-1] < 7_000) != (side == "train") {
				return nil
			}
			for k := range 10 {
				word := "no"
				if cells[at] == strconv.Itoa(k) {
					word = "yes"
				}
				cells = append(cells, word)
			}
			return cells
		})
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// digits compares the errors in ten classes of networks that learn ten tasks.
func digits(ctx context.Context, b *bench, folder string) (string, error) {
	var page strings.Builder
	ovr, each := "", ""
	for k := range 10 {
		ovr += fmt.Sprintf(" --target is%d", k)
		each += fmt.Sprintf(",is%d", k)
	}
	page.WriteString("\n| network | what it learns | test error in ten classes, % | time of `fit` |\n| --- | --- | ---: | ---: |\n")
	for _, c := range []struct{ method, words, targets, drop string }{
		{"shared-net", "ten tasks with shared hidden layers, the likeliest one wins", ovr, "digit"},
		{"net", "ten tasks, a network each, the likeliest one wins", ovr, "digit"},
		{"shared-net", "one task of ten classes", " --target digit --kind digit=multiclass", each[1:]},
	} {
		fit := fmt.Sprintf("fit train.csv%s --drop %s --method %s --out model", c.targets, c.drop, c.method)
		took, err := b.timed(ctx, folder, fit)
		if err != nil {
			return "", err
		}
		if _, err := b.timed(ctx, folder, "predict model test.csv --out predicted.csv"); err != nil {
			return "", err
		}
		wrong, err := wrongDigits(filepath.Join(folder, "predicted.csv"))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&page, "| %s | %s | %.1f | %.0f s |\n", c.method, c.words, 100*wrong, took.Seconds())
	}
	return page.String(), nil
}

// wrongDigits is the share of rows whose digit is predicted wrong.
func wrongDigits(path string) (float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return 0, err
	}
	names, wrong := rows[0], 0
	for _, cells := range rows[1:] {
		guess, most := "", -1.0
		if i := slices.Index(names, "digit.predicted"); i >= 0 {
			guess, most = cells[i], 2
		}
		for k := range 10 {
			i := slices.Index(names, fmt.Sprintf("is%d.probability.yes", k))
			if i < 0 {
				continue
			}
			p, err := strconv.ParseFloat(cells[i], 64)
			if err != nil {
				return 0, err
			}
			if p > most {
				guess, most = strconv.Itoa(k), p
			}
		}
		if guess != cells[place(names, "digit")] {
			wrong++
		}
	}
	return float64(wrong) / float64(len(rows)-1), nil
}

// terrains learns vectors of two numbers for the mine fields, with half of the
// rows, and divides them in two by their vectors alone.
func terrains(ctx context.Context, b *bench, folder string) (string, error) {
	var page strings.Builder
	page.WriteString("\n    kindred fit half.csv --task task --target y --method embedding-net --seed 0 --out model\n\n")
	page.WriteString("| half of the rows, by seed | adjusted Rand index of the two terrains |\n| ---: | ---: |\n")
	sum, seeds := 0.0, 5
	for seed := range seeds {
		if err := halve(filepath.Join(folder, "landmine.csv"), filepath.Join(folder, "half.csv"), uint64(seed)); err != nil {
			return "", err
		}
		fit := fmt.Sprintf("fit half.csv --task task --target y --method embedding-net --seed %d --out model", seed)
		if _, err := b.timed(ctx, folder, fit); err != nil {
			return "", err
		}
		if _, err := b.timed(ctx, folder, "inspect model --json model.json"); err != nil {
			return "", err
		}
		index, err := terrainIndex(filepath.Join(folder, "model.json"))
		if err != nil {
			return "", err
		}
		sum += index
		fmt.Fprintf(&page, "| %d | %.2f |\n", seed, index)
	}
	fmt.Fprintf(&page, "| mean | %.2f |\n", sum/float64(seeds))
	return page.String(), nil
}

// halve keeps every other row of each field and label, in an order drawn.
func halve(from, to string, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 7))
	var task, label int
	next := map[string]bool{}
	header := func(names []string) []string {
		task, label = place(names, "task"), place(names, "y")
		return names
	}
	return rewrite(from, to, header, func(row []string) []string {
		key := row[task] + " " + row[label]
		taken, paired := next[key]
		if !paired {
			taken = random.IntN(2) == 0
			next[key] = !taken
		} else {
			delete(next, key)
		}
		if taken {
			return row
		}
		return nil
	})
}

// terrainIndex reads the vectors of the tasks and compares the two groups that
// they fall into with the terrains: fields 1 to 15, and 16 to 29.
func terrainIndex(path string) (float64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var d struct {
		Tasks  []struct{ Name string }
		Report struct{ Vectors [][]float64 }
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return 0, err
	}
	if len(d.Report.Vectors) != len(d.Tasks) || len(d.Tasks) == 0 {
		return 0, fmt.Errorf("%s: %d vectors of %d tasks", path, len(d.Report.Vectors), len(d.Tasks))
	}
	x, truth := num.NewDense(len(d.Tasks), len(d.Report.Vectors[0])), make([]int, len(d.Tasks))
	for t, v := range d.Report.Vectors {
		copy(x.Row(t), v)
		if n, err := strconv.Atoi(d.Tasks[t].Name); err != nil || n > 15 {
			truth[t] = 1
		}
	}
	var best []int
	least, random := math.Inf(1), rand.New(rand.NewPCG(1, 2))
	for range 50 {
		if group, cost := penalty.KMeans(x, 2, random); cost < least {
			best, least = group, cost
		}
	}
	return randIndex(truth, best), nil
}

// randIndex is 1 where two partitions are the same, and 0 on average where one
// is drawn.
//
// Hubert, Arabie, Comparing partitions, Journal of Classification 2, 1985.
func randIndex(a, b []int) float64 {
	pairs := func(n float64) float64 { return n * (n - 1) / 2 }
	both, left, right := map[[2]int]float64{}, map[int]float64{}, map[int]float64{}
	for i := range a {
		both[[2]int{a[i], b[i]}]++
		left[a[i]]++
		right[b[i]]++
	}
	var same, inLeft, inRight float64
	for _, n := range both {
		same += pairs(n)
	}
	for _, n := range left {
		inLeft += pairs(n)
	}
	for _, n := range right {
		inRight += pairs(n)
	}
	expected := inLeft * inRight / pairs(float64(len(a)))
	return (same - expected) / ((inLeft+inRight)/2 - expected)
}
