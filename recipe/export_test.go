package recipe

import "github.com/kindred-mtl/kindred/catalog"

// EachChoice calls f with the options of each choice of each method's parts.
func EachChoice(f func(m Method, names []string)) {
	for _, m := range Methods {
		for _, choice := range m.how.choices() {
			var names []string
			for _, part := range m.mustParts(choice) {
				names = append(names, catalog.Options(part)...)
			}
			f(m, names)
		}
	}
}
