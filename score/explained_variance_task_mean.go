package score

// EVTaskMean is the variance explained of each task, which is its R², and of
// tasks the plain mean: a task of ten rows counts as one of a thousand. Like
// its two relatives it counts a bias as error; they differ in what the error
// is measured against.
//
//	mean_t [ 1 − Σ_i (ŷ_ti − y_ti)² / Σ_i (y_ti − ȳ_t)² ]
//
// The explained variance of Bakker, Heskes, Task clustering and gating for
// Bayesian multitask learning, JMLR 4, 2003, taken task by task.
type EVTaskMean struct{ R2 }
