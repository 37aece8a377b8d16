"""The other side of each pair. Reads one request a line, answers one line.

    {"case": name, "args": {...}}   prepares a case: {}
    {}                              runs it once: {"seconds": ..., ...}

What is timed is the call a user would make, on data that lie in memory as that
system wants them; what it reached is looked at afterwards.
"""

import ctypes
import gc
import importlib.metadata
import json
import platform
import re
import signal
import sys
import time
import warnings

import numpy as np
import pandas as pd
import scipy.sparse
from liblinear import liblinear
from sklearn.linear_model import LogisticRegression, MultiTaskElasticNet, MultiTaskLasso, MultiTaskLassoCV, Ridge
from sklearn.multioutput import MultiOutputClassifier
from sklearn.svm import SVC


def matrix(args, name):
    rows, columns = args[name + "_shape"]
    return np.fromfile(args[name]).reshape(rows, columns)


def versions(_):
    names = "scikit-learn", "numpy", "scipy", "pandas", "liblinear-official", "skglm", "torch"
    found = {name: importlib.metadata.version(name) for name in names}
    return lambda: found, lambda out: {"versions": {"python": platform.python_version(), **out}}


def svc(args):
    x, y = matrix(args, "x"), matrix(args, "y")
    method = MultiOutputClassifier(SVC(kernel="linear", probability=args["probability"], random_state=0))

    def reached(model):
        hits = [np.mean(m.predict(x) == y[:, i]) for i, m in enumerate(model.estimators_)]
        return {"accuracy": float(np.mean(hits))}

    return lambda: method.fit(x, y), reached


def lasso(args):
    x, y = matrix(args, "x"), matrix(args, "y")
    options = {"alpha": args["alpha"], "tol": args["tol"]}
    if args["by"] == "skglm":
        import skglm  # slow to load: it compiles

        x = np.asfortranarray(x)
        method = skglm.MultiTaskLasso(**options)
        method.fit(x[:100], y[:100])  # compiles
    elif args["by"] == "elastic":
        method = MultiTaskElasticNet(l1_ratio=0.5, max_iter=100_000, **options)
    else:
        method = MultiTaskLasso(max_iter=100_000, **options)

    def reached(model):
        np.ascontiguousarray(model.coef_.T).tofile(args["coef"])
        return {}

    return lambda: method.fit(x, y), reached


class Late(Exception):
    pass


def path(args):
    """A cross-validated path, or nothing after so many seconds."""
    x, y = matrix(args, "x"), matrix(args, "y")
    method = MultiTaskLassoCV(alphas=args["alphas"], cv=args["folds"], tol=args["tol"], max_iter=100_000, n_jobs=args["jobs"])

    def late(*_):
        raise Late

    def run():
        signal.signal(signal.SIGPROF, late)
        signal.setitimer(signal.ITIMER_PROF, args["limit"])
        try:
            return method.fit(x, y)
        except Late:
            return None
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def reached(model):
        if model is None:
            return {"late": True}
        np.ascontiguousarray(model.coef_.T).tofile(args["coef"])
        return {"alpha": float(model.alpha_)}

    return run, reached


said = []


@ctypes.CFUNCTYPE(None, ctypes.c_char_p)
def listen(text):
    said.append(text.decode())


def train(args):
    """LIBLINEAR's train(), which says the dual objective it reached."""
    indptr = np.fromfile(args["ptr"], dtype=np.int64)
    index, value = np.fromfile(args["index"], dtype=np.int32), np.fromfile(args["value"])
    y = 2 * np.fromfile(args["label"]) - 1
    x = scipy.sparse.csr_matrix((value, index, indptr), shape=(len(y), args["columns"]))
    problem = liblinear.problem(y, x)
    l1 = args["loss"] == "hinge"
    parameter = liblinear.parameter(f"-s {3 if l1 else 1} -c {args['C']} -e {args['eps']}")
    liblinear.liblinear.set_print_string_function(listen)

    def run():
        said.clear()
        ctypes.CDLL(None).srand(1)  # of the order of the rows
        return liblinear.liblinear.train(problem, parameter)

    def reached(fitted):
        model = liblinear.toPyModel(fitted)
        w = np.array(model.get_decfun()[0])
        r = np.maximum(0, 1 - y * (x @ w))
        primal = 0.5 * w @ w + args["C"] * (r.sum() if l1 else r @ r)
        dual = -float(re.search(r"Objective value = (\S+)", "".join(said)).group(1))
        if not l1:
            # Where the dual takes long train() turns to the primal; its dual
            # variables then are those of the gradient, 2C max(0, 1 − yz).
            g = x.T @ (2 * args["C"] * r * y)
            dual = max(dual, 2 * args["C"] * r.sum() - 0.5 * g @ g - args["C"] * r @ r)
        passes = int(re.search(r"#iter = (\d+)", "".join(said)).group(1))
        return {"objective": primal, "gap": (primal - dual) / abs(primal), "steps": passes}

    return run, reached


def read(args):
    if args["by"] == "pandas":
        return lambda: pd.read_csv(args["path"]), lambda table: {}
    return lambda: np.loadtxt(args["path"], delimiter=",", skiprows=1), lambda table: {}


def predict(args):
    x, y = matrix(args, "x"), matrix(args, "y")
    head = slice(args["train"])
    if args["by"] == "ridge":
        model = Ridge().fit(x[head], y[head])
        return lambda: model.predict(x), lambda z: {}
    model = MultiOutputClassifier(LogisticRegression()).fit(x[head], y[head] > 0)
    return lambda: model.predict_proba(x), lambda z: {}


def product(args):
    m, n, k = args["shape"]
    rng = np.random.default_rng(0)

    def turned(rows, columns, bit):
        shape = (columns, rows) if args["layout"] & bit else (rows, columns)
        x = rng.standard_normal(shape).astype(args["type"])
        return x.T if args["layout"] & bit else x

    a, b, c = turned(m, k, 1), turned(k, n, 2), np.empty((m, n), args["type"])

    def run():
        for _ in range(args["runs"]):
            np.matmul(a, b, out=c)

    return run, lambda _: {}


def network(args):
    import networks  # slow to load, and for some groups alone

    return networks.prepare(args)


cases = {f.__name__: f for f in (versions, svc, lasso, path, train, read, predict, product, network)}


def main():
    warnings.simplefilter("ignore")  # of what is deprecated, and of steps that ran out
    answers, sys.stdout = sys.stdout, sys.stderr
    # Of one thread the processor's time counts, which does not grow when other
    # programs want the processor too.
    clock = time.process_time if sys.argv[1] == "1" else time.perf_counter
    run = reached = None
    for line in sys.stdin:
        request, answer = json.loads(line), {}
        if request:
            run, reached = cases[request["case"]](request["args"])
        else:
            gc.collect()
            begin = clock()
            result = run()
            seconds = clock() - begin
            answer = {"seconds": seconds, **reached(result)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
