package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/data"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/relate"
)

// unseen says what becomes of rows of tasks that the model does not know.
type unseen struct {
	how, describing string
}

func (u *unseen) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&u.how, "unseen", "error", "what to predict of tasks that the model does not know: mean, that of its tasks, or error")
	cmd.Flags().StringVar(&u.describing, "descriptions", "", "`file` of a row for each task, known and unknown, that describes it: unknown ones are predicted by what theirs says")
}

func (u *unseen) check() error {
	if u.how != "mean" && u.how != "error" {
		return wrong(fmt.Errorf("--unseen %q: give mean or error", u.how))
	}
	return nil
}

// extend adds the tasks of a table that the model does not know, and says how
// they are predicted.
func (u *unseen) extend(ctx context.Context, model kindred.Model, f *data.File, task string) (kindred.Model, []string, error) {
	if f.TaskOf == nil {
		if u.describing != "" || u.how == "mean" {
			return nil, nil, wrong(errors.New("--unseen and --descriptions are for models of a task column; this one predicts every row for every task"))
		}
		return model, nil, nil
	}
	names := unknown(model, f.TaskOf)
	if len(names) == 0 || u.how == "error" && u.describing == "" {
		return model, nil, nil
	}
	fresh := newInfos(model.Tasks(), names)
	var err error
	if u.describing != "" {
		model, err = u.described(ctx, model, fresh, f, task)
	} else {
		for _, info := range fresh {
			if model, err = compose.Unseen(model, info); err != nil {
				break
			}
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return model, latest(model, len(fresh)), nil
}

// latest are the last n warnings of a model's report.
func latest(model kindred.Model, n int) []string {
	all := model.(kindred.Reporter).Report().Warnings
	return all[len(all)-n:]
}

// unknown are the names of tasks that a model has none of, in their order.
func unknown(model kindred.Model, names []string) []string {
	known, out := map[string]bool{}, []string(nil)
	for _, t := range model.Tasks() {
		known[t.Name], known[ofColumn(t)] = true, true
	}
	for _, name := range names {
		if !known[name] {
			known[name], out = true, append(out, name)
		}
	}
	return out
}

// ofColumn is what the task column says of a task: its name, without the target
// where there are several.
func ofColumn(t kindred.TaskInfo) string {
	if n := len(t.Name) - len(t.Target) - 1; n > 0 && t.Name[n:] == "/"+t.Target {
		return t.Name[:n]
	}
	return t.Name
}

// newInfos are tasks of these names, one for each target that the model's have.
func newInfos(known []kindred.TaskInfo, names []string) []kindred.TaskInfo {
	var targets []kindred.TaskInfo
	for _, t := range known {
		if !slices.ContainsFunc(targets, func(o kindred.TaskInfo) bool { return o.Target == t.Target }) {
			targets = append(targets, t)
		}
	}
	var out []kindred.TaskInfo
	for _, name := range names {
		for _, t := range targets {
			if ofColumn(t) != t.Name {
				t.Name = name + "/" + t.Target
			} else {
				t.Name = name
			}
			out = append(out, t)
		}
	}
	return out
}

// described adds tasks by their descriptions.
func (u *unseen) described(ctx context.Context, model kindred.Model, fresh []kindred.TaskInfo, f *data.File, task string) (kindred.Model, error) {
	given, err := data.ReadDescriptions(ctx, data.Options{Path: u.describing, Task: task})
	if err != nil {
		return nil, err
	}
	known := model.Tasks()
	var names []string
	for _, t := range slices.Concat(known, fresh) {
		names = append(names, ofColumn(t))
	}
	z, err := relate.Descriptions{Given: given}.Numbers(ctx, names, prep.Options{})
	if err != nil {
		return nil, err
	}
	part := func(lo, hi int) *num.Dense {
		return &num.Dense{Rows: hi - lo, Cols: z.Cols, Data: z.Data[lo*z.Cols : hi*z.Cols]}
	}
	return compose.Described(ctx, model, fresh, compose.Descriptions{Known: part(0, len(known)), Fresh: part(len(known), z.Rows)}, f.Table)
}
