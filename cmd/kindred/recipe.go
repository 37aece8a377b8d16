package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/recipe"
)

func recipeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "recipe METHOD", Short: "Print a recipe file of a method, with every option and what it says", Args: exactly(1, "one method"),
		Long: `Print a recipe file in YAML: the method with every option that it has, each left
open, and what the option says. Fill in what you know; fit and compare take the
file by --recipe.`,
		Example: "  kindred recipe shared-net > net.yaml\n  kindred compare school.csv --task school --target score --recipe net.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := recipe.Print(args[0])
			if err != nil {
				return wrong(err)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
}

// A chosen is a method as it is named on the command line, or in a file.
type chosen struct {
	name   string // in results
	method string // of the table, perhaps with options
	text   string // what the model keeps
	file   *recipe.File
}

// chooses are methods with their options, and recipe files.
func chooses(methods, files []string) ([]chosen, error) {
	var list []chosen
	for _, text := range methods {
		list = append(list, chosen{text, text, text, nil})
	}
	for _, path := range files {
		f, err := recipe.ReadFile(path)
		if err != nil {
			return nil, err
		}
		list = append(list, chosen{f.Name, f.Method, f.String(), f})
	}
	return list, nil
}

// oneOf is the method, or the recipe file where that is given.
func oneOf(cmd *cobra.Command, method, file string) (chosen, error) {
	methods, files := []string{method}, []string(nil)
	if file != "" {
		if cmd.Flags().Changed("method") {
			return chosen{}, wrong(errors.New("--method and --recipe both name a method; give one of them"))
		}
		methods, files = nil, []string{file}
	}
	list, err := chooses(methods, files)
	if err != nil {
		return chosen{}, err
	}
	return list[0], nil
}

// names are those of the table.
func names(list []chosen) []string {
	var names []string
	for _, c := range list {
		names = append(names, c.method)
	}
	return names
}

// make makes the method.
func (c chosen) make(kinds []kindred.Kind, seed uint64, known recipe.Structure) (kindred.Method, error) {
	if c.file != nil {
		return c.file.Build(kinds, seed, known)
	}
	return recipe.Parse(c.method, kinds, seed, known)
}
