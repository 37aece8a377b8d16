package main

// pages are the worked examples, in the order of docs/examples/README.md.
var pages = []example{
	{
		name: "heart", title: "Medicine: one risk in four hospitals",
		words: "920 patients of four hospitals, 13 features, some of which a hospital hardly records; who has a heart disease? " +
			"Each hospital is a task. The hospitals differ in whom they see: in one nearly everybody is ill. " +
			"`num` is the grade of the disease that the answer was made of, and is left out: without `--drop num` kindred warns that this column gives the answer away.",
		files: []string{"heart_disease/heart_disease.csv"},
		steps: []step{
			{words: "First the question whether the hospitals should learn from one another at all. `auto` tries families of methods on folds of the training rows, and is itself judged on rows that it did not see:",
				command: "compare heart_disease.csv --task task --target y --drop num --method auto --method guarded --report heart.html"},
			{words: "Which hospitals are alike:",
				command: "relate heart_disease.csv --task task --target y --drop num --svg map.svg", picture: "map.svg", alt: "The four hospitals on a map, and how alike each two are"},
			{words: "A model in which each hospital takes from the others only what rows held out say it should:",
				command: "fit heart_disease.csv --task task --target y --drop num --method guarded --out heart.model"},
			{words: "and its predictions, here of the same patients:",
				command: "predict heart.model heart_disease.csv --out risk.csv"},
		},
		ends: "Four hospitals with a few hundred patients each are few data, and intervals are wide: what a hospital gains from the others is not beyond chance, and pooling all patients does harm. A guarded model is the careful choice, and says of each hospital how much it takes.",
	},
	{
		name: "parkinsons", title: "Speech: Parkinson's disease by telephone",
		words: "5,875 recordings of 42 patients' voices at home, 16 features of the sound, the motor score that a clinician would give. Each patient is a task. " +
			"The total score, age, sex and the day of the test are left out, so that only the voice speaks.",
		files: []string{"parkinsons/parkinsons.csv"},
		steps: []step{
			{words: "Patients differ above all in how ill they are; a model of all of them at once fails, and one for each patient has only his 140 recordings:",
				command: "compare parkinsons.csv --task task --target motor_UPDRS --drop total_UPDRS,age,sex,test_time --folds 5 --method shared-ridge --method clustered --method kernel-ridge --method guarded", most: 24},
			{words: "The patients by the weights that each learns alone:",
				command: "relate parkinsons.csv --task task --target motor_UPDRS --drop total_UPDRS,age,sex,test_time --measure weights --measure vectors --png map.png", most: 12, picture: "map.png", alt: "42 patients on a map, and how alike each two are"},
			{words: "One model for all patients:",
				command: "fit parkinsons.csv --task task --target motor_UPDRS --drop total_UPDRS,age,sex,test_time --method shared-ridge --out voice.model", most: 30},
		},
		ends: "Nearly all that can be predicted is the patient's level, which each task knows alone. Of the voice itself little follows for the score.",
	},
	{
		name: "school", title: "Education: exam scores in 139 schools",
		words: "15,362 pupils of 139 schools, 22 to 251 a school, on the ten splits that papers use: 75 % of the pupils to train on. Each school is a task.",
		files: []string{"school/school.csv", "school/school_splits.csv"},
		steps: []step{
			{words: "A minute to find out how to learn them, and what that is worth:",
				command: "compare school.csv --task task --target y --split-file school_splits.csv --metric explained_variance_total --method auto --budget 60s --report school.html", most: 40, page: "school.html", alt: "The head of the report: the verdict, and the gain of each school"},
			{words: "How the schools are related:",
				command: "relate school.csv --task task --target y --measure covariance --svg map.svg", most: 12, picture: "map.svg", alt: "139 schools on a map, and how alike each two are"},
		},
		ends: "Schools are alike, and each has few pupils: learning together pays, for most schools and beyond chance. The report names those that it does not pay for.",
	},
	{
		name: "reviews", title: "Text: is a review favourable, in 16 domains",
		words: "31,780 reviews of books, films, kitchens and so on. The only column is the text; words and pieces of words are hashed into numbers as it is read. Each domain is a task.",
		files: []string{"fdu_mtl/fdu_mtl.csv.gz"},
		make:  makeReviews,
		steps: []step{
			{words: "A support vector machine for each domain, one for all, and the shared one, on the published split:",
				command: "compare fdu_mtl.csv.gz --task task --target y --split split --metric accuracy --method shared-svm:C=1,mu=1", most: 30},
			{words: "One model, in one file, that knows how a review of any of the 16 domains reads:",
				command: "fit fdu_mtl.csv.gz --task task --target y --drop split --method shared-svm:C=1,mu=1 --out reviews.model", most: 30},
		},
		ends: "What makes a review favourable is much the same for a book and a blender: a domain errs less with the others than alone, but for one or two.",
	},
	{
		name: "digits", title: "Digits: ten questions about one image",
		words: "10,000 images of handwritten digits, 784 pixels each, and of each image ten questions: is it a 0, a 1, …? The ten tasks share their rows.",
		files: []string{"mnist_t10k/mnist_t10k.csv.gz"},
		make:  makeDigits,
		steps: []step{
			{words: "A network whose hidden layers all ten tasks share, from 7,000 images:",
				command: "fit train.csv --target is0 --target is1 --target is2 --target is3 --target is4 --target is5 --target is6 --target is7 --target is8 --target is9 --drop digit --method shared-net --out digits.model", most: 30},
			{words: "What it says of 3,000 others:",
				command: "predict digits.model test.csv --out predicted.csv", most: 12},
			{words: "Which questions go together, by the weights that answer them:",
				command: "relate train.csv --target is0 --target is1 --target is2 --target is3 --target is4 --target is5 --target is6 --target is7 --target is8 --target is9 --drop digit --measure weights --svg map.svg", most: 14, picture: "map.svg", alt: "Ten digits on a map, and how alike the weights are that find them"},
		},
		ends: "The likeliest digit by the ten answers is wrong for fewer than 5 images of 100; [results](../results.md) has the figures, beside a network for each question and one task of ten classes.",
	},
}
