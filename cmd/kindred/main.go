// Command kindred learns related prediction problems together and says whether
// that was worth it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kindred-mtl/kindred/catalog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:]))
}

// run is the command: 0 where it succeeded, 1 where it failed, 2 where it was
// used wrongly.
func run(ctx context.Context, args []string) int {
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var wrong usage
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "kindred: stopped")
		return 1
	case errors.As(err, &wrong):
		fmt.Fprintf(os.Stderr, "kindred: %v\n", err)
		return 2
	default:
		fmt.Fprintf(os.Stderr, "kindred: %v\n", err)
		return 1
	}
}

// usage marks an error as wrong use of the command.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// wrong marks err, unless it is nil.
func wrong(err error) error {
	if err == nil {
		return nil
	}
	return usage{err}
}

// common are the flags of every command.
type common struct {
	seed    uint64
	workers int
	json    string
}

func command() *cobra.Command {
	c := &common{}
	root := &cobra.Command{
		Use:   "kindred",
		Short: "Learn related prediction problems together, and see whether it was worth it",
		Long: `kindred learns several related prediction problems together (the same score in
139 schools, one risk in four hospitals, two labels of one table) and compares
that with learning each alone and all as one, on the same held-out rows.`,
		Example: `  kindred demo
  kindred compare school.csv --task school --target score
  kindred relate school.csv --task school --target score
  kindred fit patients.csv --task hospital --target died --method shared-svm --out risk.model
  kindred predict risk.model new.csv --out new-with-risk.csv`,
		Version:       buildVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if c.workers < 0 {
				return wrong(fmt.Errorf("--workers %d: give 1 or more, or 0 for all processors", c.workers))
			}
			if c.workers > 0 {
				runtime.GOMAXPROCS(c.workers)
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return wrong(hinted(cmd, err)) })
	root.PersistentFlags().Uint64Var(&c.seed, "seed", 0, "seed of every random choice")
	root.PersistentFlags().IntVar(&c.workers, "workers", 0, "processors to use; 0: all. Results do not depend on it")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 100"))
	root.AddCommand(demo(c), generate(c), fit(c), addCommand(c), predict(c), compareCommand(c), relateCommand(c), listCommand(c), recipeCommand(), inspect(c), version(c))
	return root
}

// hinted says which flag was meant most likely, where there is none of a name.
func hinted(cmd *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return err
	}
	name, near := missing.GetSpecifiedName(), ""
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if missing.GetSpecifiedShortnames() == "" {
		near = catalog.Nearest(name, names)
	} else if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, name) }); i >= 0 {
		near = names[i]
	}
	if near != "" {
		near = fmt.Sprintf("; did you mean --%s?", near)
	}
	return fmt.Errorf("%w%s (see %s --help)", err, near, cmd.CommandPath())
}

// jsonFlag adds --json to a command that reports.
func (c *common) jsonFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.json, "json", "", "also write the report as JSON to this `file`; -: only to standard output")
}

// noArgs and exactly are cobra's checks, as wrong use.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(names, c.Name())
			}
		}
		if len(names) == 0 {
			return wrong(fmt.Errorf("%s takes no argument, not %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath()))
		}
		return wrong(catalog.Unknown("command", args[0], names))
	}
	return nil
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return wrong(fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath()))
		}
		return nil
	}
}

func version(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs, Example: "  kindred version",
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versionDocument{Schema: "kindred.version/1", Version: buildVersion(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
			return c.report(cmd, v, nil, func() {
				fmt.Fprintf(cmd.OutOrStdout(), "kindred %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			})
		},
	}
	c.jsonFlag(cmd)
	return cmd
}

type versionDocument struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
