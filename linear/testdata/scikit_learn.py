"""Writes the fixtures of linear/sklearn_test.go: what scikit-learn finds.

    bench/setup.sh && bench/.venv/bin/python linear/testdata/scikit_learn.py

sklearn.json        small data, and what each estimator fits on them
classic.csv.gz      make_classification(1000, 20, n_informative=10, n_redundant=10, random_state=42)
probability.json    SVC(probability=True) on the classic example, by seed

The objectives are those of kindred's problem at scikit-learn's weights:
Σ loss + λ Ω, in the units of the labels as given. Where scikit-learn writes the
problem otherwise, the comment says how its parameters map.
"""

import gzip
import io
import json
import pathlib
import platform
import sys
import warnings

import numpy as np
import scipy
import sklearn
from sklearn import linear_model, svm
from sklearn.datasets import make_classification

here = pathlib.Path(__file__).parent
versions = {
    "python": platform.python_version(),
    "scikit-learn": sklearn.__version__,
    "numpy": np.__version__,
    "scipy": scipy.__version__,
}


def squared(y, z):
    return 0.5 * np.sum((z - y) ** 2)


def logistic(y, z):
    return np.sum(np.logaddexp(0, -(2 * y - 1) * z))


def hinge(y, z):
    return np.sum(np.maximum(0, 1 - (2 * y - 1) * z))


def squared_hinge(y, z):
    return 0.5 * np.sum(np.maximum(0, 1 - (2 * y - 1) * z) ** 2)


def poisson(y, z):
    return np.sum(np.exp(z) - y * z)


def huber(delta):
    def loss(y, z):
        r = np.abs(z - y)
        near = np.minimum(r, delta)
        return np.sum(near * (r - 0.5 * near))

    return loss


def case(name, target, fitted, loss, lam, omega, **more):
    """One fit: weights d × outputs, intercepts, and the objective there."""
    coef = np.atleast_2d(fitted.coef_).T
    intercept = np.ravel(fitted.intercept_)
    y = targets[target].reshape(len(X), -1)
    value = loss(y, X @ coef + intercept) + lam * omega(coef)
    return {
        "name": name,
        "target": target,
        "lambda": lam,
        "coef": coef.T.tolist(),
        "intercept": intercept.tolist(),
        "objective": value,
        **more,
    }


def ridge(w):
    return 0.5 * np.sum(w**2)


def lasso(w):
    return np.sum(np.abs(w))


def l21(w):
    return np.sum(np.linalg.norm(w, axis=1))


def elastic_net(rho):
    return lambda w: rho * lasso(w) + (1 - rho) * ridge(w)


rng = np.random.default_rng(7)
n, d, tasks = 60, 8, 3
X = np.round(rng.normal(size=(n, d)) + rng.normal(size=d), 4)
W = rng.normal(size=(d, tasks)) * (rng.random((d, 1)) < 0.5)
Z = X @ W
targets = {
    "regression": np.round(3 * Z[:, 0] + 2 * rng.standard_t(3, size=n) + 5, 4),
    "several": np.round(4 * Z + 3 * rng.normal(size=(n, tasks)) + [1, -2, 8], 4),
    "binary": (Z[:, 1] + rng.normal(size=n) > Z[:, 1].mean()).astype(float),
    "count": rng.poisson(np.exp(0.3 * Z[:, 2] - 0.3 * Z[:, 2].mean())).astype(float),
}
y, several, binary, count = targets.values()
tight = {"tol": 1e-12, "max_iter": 1_000_000}


def small():
    for alpha in 0.5, 20.0:
        # ‖y − Xw‖² + α‖w‖² is twice ours: λ = α.
        fitted = linear_model.Ridge(alpha=alpha).fit(X, y)
        yield case("ridge", "regression", fitted, squared, alpha, ridge)
    for C in 0.1, 1.0:
        # C Σ loss + ½‖w‖² is C times ours: λ = 1/C.
        fitted = linear_model.LogisticRegression(C=C, **tight).fit(X, binary)
        yield case("logistic", "binary", fitted, logistic, 1 / C, ridge)
        # The same with LIBSVM's free intercept.
        fitted = svm.SVC(C=C, kernel="linear", tol=1e-10).fit(X, binary)
        yield case("svc", "binary", fitted, hinge, 1 / C, ridge)
    for scaling in 1.0, 5.0:
        # The intercept is the weight of a constant column and is penalized with
        # the rest: Ω has (b / intercept_scaling)² too. Its squared hinge is
        # twice ours: λ = 1/(2C).
        for name, loss, lam in ("hinge", hinge, 1 / 0.5), ("squared_hinge", squared_hinge, 1 / (2 * 0.5)):
            fitted = svm.LinearSVC(C=0.5, loss=name, intercept_scaling=scaling, dual=True, tol=1e-8, max_iter=1_000_000, random_state=0).fit(X, binary)
            out = case("linearsvc_" + name, "binary", fitted, loss, lam, ridge, intercept_scaling=scaling)
            out["objective"] += lam * ridge(fitted.intercept_ / scaling)
            yield out
    for alpha in 0.05, 0.8:
        # (1/2n) ‖·‖² + α Ω is ours over n: λ = nα.
        fitted = linear_model.Lasso(alpha=alpha, **tight).fit(X, y)
        yield case("lasso", "regression", fitted, squared, n * alpha, lasso, alpha=alpha)
        fitted = linear_model.ElasticNet(alpha=alpha, l1_ratio=0.3, **tight).fit(X, y)
        yield case("elastic_net", "regression", fitted, squared, n * alpha, elastic_net(0.3), alpha=alpha, l1_ratio=0.3)
        fitted = linear_model.MultiTaskLasso(alpha=alpha, **tight).fit(X, several)
        yield case("multi_task_lasso", "several", fitted, squared, n * alpha, l21, alpha=alpha)
    for alpha in 0.01, 1.0:
        # The mean of half deviances + α/2 ‖w‖², which differ from ours by a
        # constant: λ = nα.
        fitted = linear_model.PoissonRegressor(alpha=alpha, tol=1e-10, max_iter=100_000).fit(X, count)
        yield case("poisson", "count", fitted, poisson, n * alpha, ridge, alpha=alpha)
        # Σ σ + σH(r/σ) + α‖w‖², minimized over σ too. At that σ it is 2/σ times
        # ours plus a constant, for δ = εσ and λ = ασ.
        fitted = linear_model.HuberRegressor(alpha=alpha, epsilon=1.35, tol=1e-10, max_iter=100_000).fit(X, y)
        delta = 1.35 * fitted.scale_
        yield case("huber", "regression", fitted, huber(delta), alpha * fitted.scale_, ridge, delta=delta)


def shared():
    """Rows of three tasks, row i of task i mod 3, w_t = w0 + v_t: estimators that
    know of no tasks, on rows with a block of columns that all share, divided
    by √μ, and one of each task."""
    mu, task = 0.5, np.arange(n) % tasks
    own = np.eye(tasks)[task]

    def augmented(x):
        return np.hstack([x / np.sqrt(mu)] + [x * own[:, [t]] for t in range(tasks)])

    def parts(w):
        w0, *v = w.reshape(1 + tasks, -1)
        return np.array([w0 / np.sqrt(mu) + v_t for v_t in v])

    def out(name, target, w, b, objective, **more):
        return {"name": name, "target": target, "mu": mu, "coef": w.tolist(), "intercept": b.tolist(), "objective": objective, **more}

    # Free intercepts: columns and labels are centred in each task.
    means = own.T / own.sum(axis=0)[:, None]
    x, label = augmented(X - own @ (means @ X)), y - own @ (means @ y)
    w = linear_model.Ridge(alpha=2.0, fit_intercept=False, tol=1e-12).fit(x, label).coef_
    W = parts(w)
    yield out("shared_ridge", "regression", W, means @ y - np.sum(W * (means @ X), axis=1), squared(label, x @ w) + 2 * ridge(w), **{"lambda": 2.0})
    # Penalized ones: the constant 1 is a column like the others.
    x = augmented(np.column_stack([X, np.ones(n)]))
    for name, loss, lam in ("hinge", hinge, 1.0), ("squared_hinge", squared_hinge, 0.5):
        fitted = svm.LinearSVC(C=1.0, loss=name, fit_intercept=False, dual=True, tol=1e-8, max_iter=1_000_000, random_state=0).fit(x, binary)
        w = fitted.coef_.ravel()
        W = parts(w)
        yield out("shared_" + name, "binary", W[:, :-1], W[:, -1], loss(binary, x @ w) + lam * ridge(w), **{"lambda": lam})


def write(name, **content):
    text = json.dumps({"versions": versions, **content}, separators=(",", ":"))
    (here / name).write_text(text.replace('{"name"', '\n{"name"') + "\n")


def classic():
    x, label = make_classification(1000, 20, n_informative=10, n_redundant=10, random_state=42)
    names, text = ",".join([f"x{j}" for j in range(20)] + ["y"]), io.StringIO()
    np.savetxt(text, np.column_stack([x, label]), fmt=["%.17g"] * 20 + ["%d"], delimiter=",", header=names, comments="")
    with open(here / "classic.csv.gz", "wb") as file:
        with gzip.GzipFile(fileobj=file, filename="", mode="wb", mtime=0, compresslevel=9) as zipped:
            zipped.write(text.getvalue().encode())
    svc = svm.SVC(kernel="linear").fit(x, label)
    z = svc.decision_function(x)
    primal = ridge(svc.coef_) + hinge(label, z)
    dual = np.sum(np.abs(svc.dual_coef_)) - ridge(svc.coef_)
    logit = linear_model.LogisticRegression(**tight).fit(x, label)
    smooth = ridge(logit.coef_) + logistic(label, logit.decision_function(x))
    seeds = []
    for seed in range(5):
        model = svm.SVC(kernel="linear", probability=True, random_state=seed).fit(x, label)
        seeds.append(np.round(model.predict_proba(x)[:, 1], 5).tolist())
    write("probability.json", svc=primal, svc_dual=dual, svc_accuracy=svc.score(x, label), logistic=smooth, probability=seeds)


if __name__ == "__main__":
    warnings.simplefilter("ignore", FutureWarning)  # of SVC(probability=True), which will go
    write("sklearn.json", x=X.tolist(), targets={k: np.atleast_2d(v.T).tolist() for k, v in targets.items()}, cases=[*small(), *shared()])
    classic()
    print(*(f"{file.name}: {file.stat().st_size} bytes" for file in here.glob("*.*")), sep="\n", file=sys.stderr)
