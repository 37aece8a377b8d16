package solve

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// real reads a benchmark table with a task column first and y last, scaled to
// unit root mean square, as a problem of one loss.
func real(t testing.TB, name string, l loss.Loss) *Problem {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", name, name+".csv"))
	if err != nil {
		t.Skipf("the benchmark data are not here: %v", err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	d := len(records[0]) - 2
	if records[0][d] == "bias" {
		d--
	}
	x, places := num.NewMatrix(len(records)-1, d), map[string]int{}
	var rows [][]int
	var y [][]float64
	number := func(cell string) float64 {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i, r := range records[1:] {
		k, ok := places[r[0]]
		if !ok {
			k = len(rows)
			places[r[0]] = k
			rows, y = append(rows, nil), append(y, nil)
		}
		for j := range d {
			x.Data[i*d+j] = number(r[1+j])
		}
		rows[k], y[k] = append(rows[k], i), append(y[k], number(r[len(r)-1]))
	}
	for j := range d {
		square := 0.0
		for i := range x.Rows {
			square += x.At(i, j) * x.At(i, j) / float64(x.Rows)
		}
		for i := range x.Rows {
			x.Data[i*d+j] /= math.Sqrt(square)
		}
	}
	p := &Problem{}
	for k := range rows {
		p.Tasks = append(p.Tasks, Task{X: x.Select(rows[k]), Y: y[k], Loss: l, Outputs: 1})
	}
	p.layOut()
	return p
}

// Every solver reaches a relative gap of 1e-8 on the real tasks it takes, each
// measured by Certify, which knows nothing of the solver.
func TestRealTasksAreSolvedTo1e8(t *testing.T) {
	for _, c := range []struct {
		data    string
		loss    loss.Loss
		penalty penalty.Penalty
		lambda  float64
		solver  string
	}{
		{"school", loss.Squared{}, &penalty.Shared{Mu: 0.1}, 100, "newton"},
		{"school", loss.Squared{}, penalty.L21{}, 2000, "bcd"},
		{"school", loss.Squared{}, penalty.L21{}, 2000, "fista"},
		{"school", loss.Squared{}, penalty.Trace{}, 3000, "fista"},
		{"landmine", loss.Logistic{}, &penalty.Shared{Mu: 0.1}, 1, "newton"},
		{"landmine", loss.SquaredHinge{}, &penalty.Shared{Mu: 0.1}, 1, "newton"},
		{"landmine", loss.Hinge{}, &penalty.Shared{Mu: 0.1}, 1, "interior"},
		{"landmine", loss.Hinge{}, penalty.Ridge{}, 1, "interior"},
		{"landmine", loss.Logistic{}, penalty.L21{}, 5, "fista"},
		{"landmine", loss.Logistic{}, penalty.Trace{}, 5, "fista"},
	} {
		p := real(t, c.data, c.loss)
		p.Penalty = c.penalty.On(p.Layout, c.lambda)
		part, err := All.Find("solver", c.solver)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(context.Background(), part.New(), p, nil, 1e-8, 20000)
		if err != nil {
			t.Errorf("%s on %s: %v", c.solver, c.data, err)
			continue
		}
		objective, certificate := Certify(p, r.Point)
		t.Logf("%s, %s × %T by %s: gap %.1e after %d steps, objective %.10g", c.data, loss.All.NameOf(c.loss), c.penalty, c.solver, certificate.Value, r.Step, objective)
		if certificate.Value > 1e-8 {
			t.Errorf("%s on %s: gap %.1e, %s", c.solver, c.data, certificate.Value, r.Status)
		}
	}
}
