package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
)

// Few tasks are listed in their order; of many the extremes, and a summary; one
// line where all are the same.
func TestPrintShares(t *testing.T) {
	printed := func(r kindred.Report) string {
		var b bytes.Buffer
		printShares(&b, &r)
		return b.String()
	}
	var many, few kindred.Report
	for i := range 40 {
		many.Shares = append(many.Shares, kindred.Share{Task: fmt.Sprint("t", i), Share: float64((i*7)%40) / 39, Common: 1, Private: 2, Pull: 0.5})
	}
	out := printed(many)
	for _, want := range []string{`task +share +pull +common +private`, `(?s)t0 +0\.00.*t23 +0\.03.*… 30 between.*t17 +1\.00`, `shares of 40 tasks: mean 0\.50, median 0\.5\d, half of them from 0\.26 to 0\.7\d`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	few.Shares = []kindred.Share{{Task: "b", Share: 0.9, Levels: []float64{1, 0.5}}, {Task: "a", Share: 0.1, Levels: []float64{2, 0.25}}}
	few.Columns = []kindred.ColumnShare{{Column: "age", Share: 0.25, Expected: 0.75}}
	few.Layers = []kindred.LayerShare{{Layer: "gate", Of: "gates", Share: 0.625}}
	out = printed(few)
	for _, want := range []string{`task +share +from the root down`, `(?s)b +0\.90 +\[1\.000 0\.500\].*a +0\.10`, `age +0\.25 +0\.75`, `gate +gates +0\.6`} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	same := kindred.Report{Shares: []kindred.Share{{Task: "a", Share: 1}, {Task: "b", Share: 1}}}
	if out := printed(same); out != "share of every task: 1.00, all are one\n" {
		t.Error(out)
	}
	if out := printed(kindred.Report{Shares: same.Shares, Mixtures: []kindred.Mixture{{}}}); out != "" {
		t.Error(out)
	}
	if out := printed(kindred.Report{}); strings.TrimSpace(out) != "" {
		t.Error(out)
	}
}
