package compare

// A Recommendation says how to learn the tasks, and what that is worth.
type Recommendation struct {
	Verdict string `json:"verdict"` // together, groups or apart
	Method  string `json:"method"`  // the recipe to fit with
	// Groups are those of the tasks, a number a task from 0, where the verdict
	// is groups.
	Groups []int `json:"groups,omitempty"`
	// Nested says that the method was chosen on training rows alone. Otherwise
	// it is the best on the test rows, and its gain looks better than it is.
	Nested bool `json:"nested"`
	// Gain is that of the choice over learning each task alone.
	Gain *Gain `json:"gain"`
	// Tasks has a chance for each task.
	Tasks []Chance `json:"tasks"`
	// Sentences say it in words: two, for the head of a report.
	Sentences []string `json:"sentences"`
}

// A Chance is what a task has to expect of the choice.
type Chance struct {
	Task string `json:"task"`
	// Gain is the task's own, shrunk towards that of all tasks as far as it is
	// uncertain, with its 95 % interval; Probability that it is above 0. All are
	// null where the task's metric is undefined.
	Gain        *float64 `json:"gain"`
	Low         *float64 `json:"low"`
	High        *float64 `json:"high"`
	Probability *float64 `json:"probability"`
}
