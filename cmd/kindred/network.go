package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/neural"
)

// training is what fit does where the method is a network.
type training struct {
	checkpoint string
	resumed    bool // the checkpoint is there already
}

func (t *training) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.checkpoint, "checkpoint", "", "`file` that the training of a network is written to every few seconds; the same command goes on from it. Removed once the model is written")
}

// ready gives a network its checkpoint and shows how it learns. Other methods
// have neither.
func (t *training) ready(method kindred.Method, s *kindred.Set, out string, meta map[string]string, w io.Writer) (kindred.Method, func(), error) {
	m, ok := method.(neural.Method)
	switch {
	case !ok && t.checkpoint != "":
		return nil, nil, wrong(errors.New("--checkpoint is for methods that are one network, such as shared-net; other methods have none"))
	case !ok:
		return method, busy(w, "learning"), nil
	case t.checkpoint == out:
		return nil, nil, wrong(fmt.Errorf("--checkpoint and --out both name %s; give them two files", out))
	}
	if t.checkpoint != "" {
		_, err := os.Stat(t.checkpoint)
		t.resumed = err == nil
		m.Checkpoint, m.CheckpointMeta = t.checkpoint, meta
	}
	step, end := bar(w, room(w))
	if step != nil {
		m.Progress = func(p neural.Progress) { step(p.Epoch, p.Epochs, losses(p, s)) }
	}
	return m, end, nil
}

// interrupted tells whether a model is what a training had when ctx ended.
func interrupted(cmd *cobra.Command, r kindred.Report) bool {
	return cmd.Context().Err() != nil && strings.HasPrefix(r.Status, "interrupted")
}

// end removes the checkpoint of a training that is over.
func (t *training) end() error {
	if t.checkpoint == "" {
		return nil
	}
	return os.Remove(t.checkpoint)
}

// say tells people of the checkpoint.
func (t *training) say(w io.Writer, stopped bool) {
	if t.resumed {
		fmt.Fprintf(w, "went on from %s\n", t.checkpoint)
	}
	switch {
	case stopped && t.checkpoint != "":
		fmt.Fprintf(w, "stopped early: the same command goes on from %s\n", t.checkpoint)
	case stopped:
		fmt.Fprintln(w, "stopped early: this is the best network so far; with --checkpoint a training can go on")
	}
}

// room is how many characters of a line are left beside a bar.
func room(w io.Writer) int {
	const beside, least, most = 62, 24, 100
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return min(max(width-beside, least), most)
		}
	}
	return least
}

// losses are those of the tasks after an epoch, on rows held out where there
// are some: 128-64 school 0.412, hospital 0.33.
func losses(p neural.Progress, s *kindred.Set) string {
	words := make([]string, len(p.Held))
	for t, l := range p.Held {
		if math.IsNaN(l) {
			l = p.Train[t]
		}
		words[t] = fmt.Sprintf("%s %.3g", shorten(s.Tasks[t].Name, 12), l)
	}
	return strings.TrimSpace(p.Network + " " + strings.Join(words, ", "))
}

// A networkDocument says what a network is made of.
type networkDocument struct {
	Architecture string         `json:"architecture"`
	Options      any            `json:"options"`
	Hidden       []int          `json:"hidden"`
	Parameters   int            `json:"parameters"`
	Shared       int            `json:"shared"`
	Own          int            `json:"own"`
	Layers       []neural.Layer `json:"layers"`
}

// describeNetwork is nil where a model is no network.
func describeNetwork(model kindred.Model) *networkDocument {
	m, ok := model.(*neural.Model)
	if !ok {
		return nil
	}
	a := m.Architecture()
	return &networkDocument{
		Architecture: arch.All.NameOf(a), Options: a, Hidden: a.Common().Sizes(),
		Parameters: m.Parameters(), Shared: m.Parameters() - m.Own(), Own: m.Own(), Layers: m.Layers(),
	}
}

// printNetwork prints the layers, and the tasks' vectors where they have some.
func printNetwork(w io.Writer, d *networkDocument, tasks []kindred.TaskInfo, vectors [][]float64) {
	if d == nil {
		return
	}
	hidden := "no hidden layers"
	if len(d.Hidden) > 0 {
		hidden = "hidden layers " + strings.Trim(strings.ReplaceAll(fmt.Sprint(d.Hidden), " ", "-"), "[]")
	}
	fmt.Fprintf(w, "%s network, %s: %s, of which %d shared and %d of single tasks\n", d.Architecture, hidden, several(d.Parameters, "parameter"), d.Shared, d.Own)
	layers := newTable(w, table.Row{"layer", "rows", "columns", "parts", "of"}, 2, 3, 4)
	rows(layers, len(d.Layers), 40, func(i int) table.Row {
		l := d.Layers[i]
		return table.Row{shorten(l.Name, 40), l.Rows, l.Cols, l.Parts, l.Of}
	})
	layers.Render()
	if len(vectors) != len(tasks) {
		return
	}
	places := newTable(w, table.Row{"task", "place in the space"})
	rows(places, len(vectors), 40, func(t int) table.Row {
		return table.Row{shorten(tasks[t].Name, 30), shorten(strings.Trim(fmt.Sprintf("%.3f", vectors[t]), "[]"), 66)}
	})
	places.Render()
}
