package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/recipe"
)

// searching are the flags of the search that --method auto is.
type searching struct {
	budget     time.Duration
	trials     int
	checkpoint string
	on         bool
}

// someTrials is how many there are where nothing says how many.
const someTrials = 8

func (s *searching) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&s.budget, "budget", 0, "time that --method auto may search, such as 60s")
	f.Lookup("budget").DefValue = ""
	f.IntVar(&s.trials, "trials", 0, fmt.Sprintf("methods that --method auto tries: those that a budget allowed give its result again (without --budget: %d)", someTrials))
	f.Lookup("trials").DefValue = "0"
	f.StringVar(&s.checkpoint, "checkpoint", "", "`file` that --method auto keeps its trials in; the same command goes on from it. Removed once the report is there")
}

// take takes auto out of the methods named, and checks the flags that are its.
func (s *searching) take(cmd *cobra.Command, ways []chosen) ([]chosen, error) {
	isAuto := func(c chosen) bool { return c.file == nil && c.method == "auto" }
	s.on = slices.ContainsFunc(ways, isAuto)
	for _, name := range []string{"budget", "trials", "checkpoint"} {
		if cmd.Flags().Changed(name) && !s.on {
			return nil, wrong(fmt.Errorf("--%s says how to search: add --method auto", name))
		}
	}
	switch {
	case s.budget < 0, s.trials < 0:
		return nil, wrong(errors.New("--budget and --trials are above 0"))
	case cmd.Flags().Changed("budget") && cmd.Flags().Changed("trials"):
		return nil, wrong(errors.New("--budget and --trials both say when to stop; give one of them"))
	case s.budget == 0 && s.trials == 0:
		s.trials = someTrials
	}
	return slices.DeleteFunc(ways, isAuto), nil
}

// entrants are the methods named, the baselines, and the search, on a set.
func (s *searching) entrants(among *structure, set *kindred.Set, ways []chosen, seed uint64) (known recipe.Structure, o compare.Options, err error) {
	recipes := names(ways)
	if s.on {
		recipes = append(recipes, recipe.Sought()...)
	}
	if known, err = among.read(set, recipes); err != nil {
		return known, o, err
	}
	if o, err = entrants(ways, kindsOf(set), seed, known); err != nil {
		return known, o, wrong(err)
	}
	o.Auto, err = s.options(set, seed, known)
	return known, o, err
}

// say names the file of an error in what was kept.
func (s *searching) say(err error) error {
	if errors.Is(err, compare.ErrResume) {
		return fmt.Errorf("%s: %w", s.checkpoint, err)
	}
	return err
}

// options are those of the search on a set; nil where there is none.
func (s *searching) options(set *kindred.Set, seed uint64, known recipe.Structure) (*compare.Auto, error) {
	if !s.on {
		return nil, nil
	}
	candidates, err := recipe.Candidates(set, seed, known)
	if err != nil {
		return nil, err
	}
	a := &compare.Auto{Candidates: candidates, Budget: s.budget, Trials: s.trials}
	if s.checkpoint == "" {
		return a, nil
	}
	if a.Resume, err = readBounded(s.checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	a.Keep = func(state []byte) error {
		return data.WriteFile(s.checkpoint, func(w io.Writer) error { _, err := io.Copy(w, bytes.NewReader(state)); return err })
	}
	return a, nil
}

// mostKept is the largest file of trials that is read.
const mostKept = 4 << 30

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostKept {
		return nil, fmt.Errorf("%s: %d bytes are more than a search keeps", path, info.Size())
	}
	return os.ReadFile(path)
}

// end removes the trials of a search that is over, and tells of those of one
// that is not.
func (s *searching) end(w io.Writer, stopped bool) error {
	switch {
	case s.checkpoint == "":
	case stopped:
		fmt.Fprintf(w, "stopped early: the same command goes on from %s\n", s.checkpoint)
	default:
		if err := os.Remove(s.checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// printTrials prints what a search tried.
func printTrials(w io.Writer, r *compare.Result) {
	if r.Trials == nil {
		return
	}
	fmt.Fprintf(w, "\nauto: %s, --trials %d\n", several(len(r.Trials), "trial"), len(r.Trials))
	t := newTable(w, table.Row{"trial", "family", "inner loss", "chosen", "time"}, 3, 4, 5)
	for _, c := range r.Trials {
		if c.Note != "" {
			t.AppendRow(table.Row{c.Method, string(c.Family), "", "", ""})
			continue
		}
		t.AppendRow(table.Row{c.Method, string(c.Family), number(c.Loss), c.Chosen, fmt.Sprintf("%.2f s", c.Seconds)})
	}
	t.Render()
	for _, c := range r.Trials {
		if c.Note != "" {
			fmt.Fprintln(w, indent(2, c.Method+": "+c.Note))
		}
	}
}

// printRecommendation says what follows, and how to fit it.
func printRecommendation(cmd *cobra.Command, r *compare.Result, file string) {
	a := r.Recommendation
	if a == nil {
		return
	}
	w := cmd.OutOrStdout()
	fmt.Fprintln(w)
	for _, sentence := range a.Sentences {
		fmt.Fprintln(w, indent(0, sentence))
	}
	if a.Groups != nil {
		names := make([][]string, 1+slices.Max(a.Groups))
		for t, g := range a.Groups {
			names[g] = append(names[g], r.Methods[0].Tasks[t].Task)
		}
		for g, list := range names {
			fmt.Fprintln(w, indent(2, fmt.Sprintf("group %d: %s", g+1, shorten(strings.Join(list, ", "), 400))))
		}
	}
	fmt.Fprintf(w, "\n  %s\n", fitCommand(cmd, file, a.Method))
}

// fitCommand is the command that fits a method to the same table.
func fitCommand(cmd *cobra.Command, file, method string) string {
	var in source
	var among structure
	both := &cobra.Command{}
	in.flags(both)
	among.flags(both)
	words := []string{"kindred fit", quote(file)}
	var drop []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name == "split" {
			drop = append(drop, f.Value.String())
		}
		if own := both.Flags().Lookup(f.Name); own == nil || f.Name == "drop" {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if f.Value.Type() == "stringSlice" {
			values = []string{commaList(values)}
		}
		for _, v := range values {
			words = append(words, "--"+f.Name, quote(v))
		}
	})
	if f := cmd.Flags().Lookup("drop"); f.Changed {
		drop = append(drop, f.Value.(pflag.SliceValue).GetSlice()...)
	}
	if drop != nil {
		words = append(words, "--drop", quote(commaList(drop)))
	}
	if f := cmd.Flags().Lookup("seed"); f.Changed {
		words = append(words, "--seed", f.Value.String())
	}
	return strings.Join(append(words, "--method", quote(method), "--out", "model"), " ")
}

// commaList is a list as a flag of several values reads it.
func commaList(list []string) string {
	var out strings.Builder
	w := csv.NewWriter(&out)
	w.Write(list) // to memory
	w.Flush()
	return strings.TrimSuffix(out.String(), "\n")
}

// quote makes a word of a command line, as a shell reads it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=,+@%", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
