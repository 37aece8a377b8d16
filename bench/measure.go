package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// A bench is one run of the program.
type bench struct {
	ctx           context.Context
	peer          *peer
	python        string // the peer's interpreter
	dir           string // of files that the peer reads
	reps, threads int
	rows          []row // of the group that is being run
}

// A pair is a problem, and what either side does about it. Without a peer it
// is a figure of ours alone.
type pair struct {
	problem string
	ours    func() error
	reached func() string // what ours reached in its last run
	peer    string
	theirs  func(result) string          // what the peer reached
	known   float64                      // seconds of a peer that is not here, from another run
	once    bool                         // it takes long: one repetition may do
	each    bool                         // the peer takes several steps, and the time of one counts
	own     func() float64               // what ours says that it took; nil: it is timed here
	turns   int                          // so many short repetitions for one of the run; 0: one
	rate    func(seconds float64) string // what a median time means, on either side, instead of reached and theirs
}

// A row is a pair measured: medians, and the ratio repetition by repetition.
type row struct {
	problem, peer    string
	ours, theirs     float64 // seconds
	ratio            float64
	least, most      float64 // of the ratios, but for the tenths at either end
	reached, compare string
}

// enough is how long a pair may take once it has run thrice, or once.
const enough = 20 * time.Second

// measure runs a pair, one side after the other, and adds its row.
func (b *bench) measure(p pair) error {
	r := row{problem: p.problem, peer: p.peer}
	var ours, theirs, ratios []float64
	least, most := 3, b.reps*max(1, p.turns)
	if p.once {
		least = 1
	}
	for begin := time.Now(); len(ours) < most && (len(ours) < least || time.Since(begin) < enough); {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		switch {
		case p.known > 0:
			theirs = append(theirs, p.known)
			r.compare = p.theirs(result{})
		case p.peer != "":
			answer, err := b.peer.run()
			if err != nil {
				return fmt.Errorf("%s: %s: %w", p.problem, p.peer, err)
			}
			if p.each {
				answer.Seconds /= float64(answer.Steps)
			}
			theirs = append(theirs, answer.Seconds)
			if p.theirs != nil {
				r.compare = p.theirs(answer)
			}
		}
		runtime.GC()
		at := b.clock()
		if err := p.ours(); err != nil {
			return fmt.Errorf("%s: %w", p.problem, err)
		}
		if p.own != nil {
			ours = append(ours, p.own())
		} else {
			ours = append(ours, b.clock()-at)
		}
	}
	for i, v := range theirs {
		ratios = append(ratios, v/ours[i])
	}
	r.ours, r.theirs, r.ratio = median(ours), median(theirs), median(ratios)
	if n := len(ratios); n > 0 {
		slices.Sort(ratios)
		r.least, r.most = ratios[n/10], ratios[n-1-n/10]
	}
	if p.rate != nil {
		r.reached, r.compare = p.rate(r.ours), p.rate(r.theirs)
	} else {
		r.reached = p.reached()
	}
	b.rows = append(b.rows, r)
	fmt.Fprintf(os.Stderr, "%s: %s (%s)\n", r.problem, duration(r.ours), r.reached)
	if r.peer != "" {
		fmt.Fprintf(os.Stderr, "\t%s: %s (%s), %.3g times ours\n", r.peer, duration(r.theirs), r.compare, r.ratio)
	}
	return nil
}

// clock is a time in seconds: of one thread the processor's, which does not
// grow when other programs want the processor too, of several the wall's.
func (b *bench) clock() float64 {
	if b.threads == 1 {
		if t, ok := processor(); ok {
			return t
		}
	}
	return float64(time.Now().UnixNano()) / 1e9
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// save writes numbers to a file for the peer and returns its path.
func (b *bench) save(name string, numbers any) (string, error) {
	path := filepath.Join(b.dir, name)
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err := binary.Write(file, binary.LittleEndian, numbers); err != nil {
		file.Close()
		return "", err
	}
	return path, file.Close()
}

// saveRows writes a row-major matrix, and says where in the arguments of a case.
func (b *bench) saveRows(args map[string]any, name string, rows [][]float64) error {
	path, err := b.save(name, slices.Concat(rows...))
	args[name], args[name+"_shape"] = path, []int{len(rows), len(rows[0])}
	return err
}

// load reads what the peer wrote.
func load(path string, into []float64) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return binary.Read(file, binary.LittleEndian, into)
}
