package main

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/relate"
)

// validatedDocument is what rows held out say of groups.
type validatedDocument struct {
	Tried  []triedDocument `json:"tried"`
	Loss   float64         `json:"loss"`
	Random []float64       `json:"random,omitempty"`
	P      *float64        `json:"p"` // null: there is nothing to draw
}

type triedDocument struct {
	Groups int     `json:"groups"`
	Loss   float64 `json:"loss"`
	Error  float64 `json:"error"` // of the difference from the least
}

// checkValidation refuses flags that would have no effect.
func (r *relating) checkValidation(cmd *cobra.Command) error {
	for _, flag := range []string{"draws", "method"} {
		if !r.validate && cmd.Flags().Changed(flag) {
			return wrong(fmt.Errorf("--%s is for --validate, which is not asked for", flag))
		}
	}
	if r.draws < 1 {
		return wrong(fmt.Errorf("--draws %d: give 1 or more; with 19, p is 0.05 at least", r.draws))
	}
	return nil
}

// validated asks rows held out about the groups of a measure.
func (r *relating) validated(cmd *cobra.Command, s *kindred.Set, v relate.Validation, name string) (*relate.Validated, error) {
	if r.method != "" {
		m, err := recipe.Parse(r.method, kindsOf(s), v.Options.Seed)
		if err != nil {
			return nil, wrong(err)
		}
		v.Method = m
	}
	step, end := progress(cmd.ErrOrStderr())
	defer end()
	if step != nil {
		v.Progress = func(done, all int) { step(done, all, "groups of "+name) }
	}
	return v.Run(cmd.Context(), s)
}

func describeValidated(v *relate.Validated) *validatedDocument {
	d := &validatedDocument{Loss: v.Loss, Random: v.Random}
	for _, t := range v.Tried {
		d.Tried = append(d.Tried, triedDocument(t))
	}
	if !math.IsNaN(v.P) {
		d.P = &v.P
	}
	return d
}

// printValidated prints the losses of numbers of groups, and how random groups do.
func printValidated(w io.Writer, v *validatedDocument) {
	if v == nil {
		return
	}
	if len(v.Tried) > 1 {
		var words []string
		for i, t := range v.Tried {
			word := fmt.Sprintf("%d: %.4g", t.Groups, t.Loss)
			if i < len(v.Tried)-1 {
				word += ","
			}
			words = append(words, word)
		}
		printMembers(w, "  losses on rows held out, by groups:", words)
	}
	if v.P == nil {
		fmt.Fprintln(w, indent(2, fmt.Sprintf("loss %.4g on rows held out; no other groups have these sizes", v.Loss)))
		return
	}
	asGood := 0
	for _, l := range v.Random {
		if l <= v.Loss {
			asGood++
		}
	}
	fmt.Fprintln(w, indent(2, fmt.Sprintf("loss %.4g on rows held out; of %d random groupings of the same sizes %d do as well: p = %.2g", v.Loss, len(v.Random), asGood, *v.P)))
}
