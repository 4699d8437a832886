"""Finds a benchmark in its suite and prepares it: names, parameters and setups as in asv_runner 0.3.

Nothing of asv_runner is imported: its own imports would add to every start-up that is measured.
"""

import importlib
import importlib.machinery
import itertools
import os
import re

from .coroutines import complete

FunctionType = type(lambda: None)  # `types` and `inspect` are not worth their imports
# In asv_runner's order: the first pattern that matches the function's name decides. (asv's patterns anchor only
# one side of their alternatives; `match` makes that harmless.)
KINDS = (
    ("mem", re.compile(r"^(Mem[A-Z_].+)|(mem_.+)$")),
    ("peakmem", re.compile(r"^(PeakMem[A-Z_].+)|(peakmem_.+)$")),
    ("time", re.compile(r"^(Time[A-Z_].+)|(time_.+)$")),
    ("timeraw", re.compile(r"^(Timeraw[A-Z_].+)|(timeraw_.+)$")),
    ("track", re.compile(r"^(Track[A-Z_].+)|(track_.+)$")),
)


class Benchmark:
    """One benchmark with one combination of parameters, found as asv_runner finds it."""

    def __init__(self, name, func, sources, attribute):
        self.name = name
        self.func = func
        # The attribute's name, as in asv: a decorated function may call itself `wrapper`.
        self.kind = kind_of(getattr(func, "benchmark_name", attribute).rsplit(".", 1)[-1])
        self.sources = sources
        self.setups = list(attributes(sources, "setup", any_case=True))[::-1]
        self.teardowns = list(attributes(sources, "teardown", any_case=True))
        self.setup_cache = first(attributes(sources, "setup_cache"), None)
        self.skip_params = first(attributes(sources, "skip_params"), [])
        self.params = ()
        self.cache = None

    def select(self, param_index):
        """Choose the combination of parameters, counted as `itertools.product` counts."""
        if param_index is None:
            return
        params = list(first(attributes(self.sources, "params"), []))
        if params and not isinstance(params[0], (tuple, list)):
            params = [params]
        self.params = next(itertools.islice(itertools.product(*params), param_index, None))

    @property
    def arguments(self):
        return self.params if self.cache is None else (self.cache, *self.params)

    @property
    def skipped(self):
        return tuple(self.params) in self.skip_params

    def run_setup(self):
        for setup in self.setups:
            complete(setup, self.arguments)

    def run_teardown(self):
        for teardown in self.teardowns:
            complete(teardown, self.arguments)


class SkippedError(Exception):
    """The benchmark asked not to be run with these parameters."""


def attributes(sources, name, any_case=False):
    """Yield `name` from each source that has it: the function, then its instance, then its module."""
    for source in sources:
        if not any_case:
            names = [name]
        else:
            names = [key for key in dir(source) if key.lower() == name]
            if len(names) > 1:
                raise ValueError("%r has more than one %s: %s" % (source, name, ", ".join(names)))
        for key in names:
            value = getattr(source, key, None)
            if value is not None:
                yield value


def first(iterable, default):
    return next(iter(iterable), default)


def kind_of(function_name):
    for kind, pattern in KINDS:
        if pattern.match(function_name):
            return kind
    raise ValueError("expected a time_, timeraw_, track_, mem_ or peakmem_ benchmark, found %r" % function_name)


class SuiteFinder:
    """Makes the suite importable under its folder's name without putting the folder beside it on sys.path.

    `loader`: what loads its source files, if not the usual loader.
    """

    def __init__(self, root, loader=None):
        self.folder, self.name = os.path.split(os.path.abspath(root))
        self.loader = loader

    def find_spec(self, fullname, path, target=None):
        if fullname == self.name and path is None:
            path = [self.folder]
        elif self.loader is None or not fullname.startswith(self.name + "."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if self.loader is not None and spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = self.loader(fullname, spec.origin)
        return spec


def find_benchmark(root, name):
    """Import what is needed for the benchmark called `name`, and return it."""
    suite = os.path.basename(os.path.abspath(root))
    parts = name.split(".")
    for owners in (1, 2):  # a module's function, or a class's method
        module_parts, path = parts[:-owners], parts[-owners:]
        candidate = os.path.join(root, *module_parts)
        package = os.path.join(candidate, "__init__.py")
        if not os.path.isfile(candidate + ".py") and not (module_parts and os.path.isfile(package)):
            continue
        found = benchmark_in(importlib.import_module(".".join([suite, *module_parts])), path, name)
        if found is not None:
            return found
    for module in modules_below(suite):  # names made with `benchmark_name`, or defined in __init__.py
        for path, function in functions_of(module):
            made_up = getattr(function, "benchmark_name", None)
            if not any(pattern.match((made_up or path[-1]).rsplit(".", 1)[-1]) for _, pattern in KINDS):
                continue  # a helper may share the name of a benchmark: `<lambda>`
            named = [function.__name__] if len(path) == 1 else path  # asv names functions so, methods by attribute
            if name in (made_up, ".".join([*module.__name__.split(".")[1:], *named])):
                found = benchmark_in(module, path, name)
                if found is not None:
                    return found
    raise LookupError("the suite %s has no benchmark called %r" % (root, name))


def functions_of(module):
    """Yield (path, function) for a module's public functions and the members of its public classes."""
    for owner_name, owner in list(vars(module).items()):
        if owner_name.startswith("_"):
            continue
        if isinstance(owner, FunctionType):
            yield [owner_name], owner
        elif isinstance(owner, type):
            for member in dir(owner):
                yield [owner_name, member], getattr(owner, member, None)


def benchmark_in(module, path, name):
    owner = getattr(module, path[0], None)
    if len(path) == 1:
        return Benchmark(name, owner, [owner, module], path[0]) if isinstance(owner, FunctionType) else None
    if not isinstance(owner, type) or not callable(getattr(owner, path[1], None)):
        return None
    instance = owner()
    function = getattr(instance, path[1])
    return Benchmark(name, function, [function, instance, module], path[1])


def modules_below(package_name):
    import pkgutil

    package = importlib.import_module(package_name)
    yield package
    for _, name, _ in pkgutil.iter_modules(getattr(package, "__path__", ()), package_name + "."):
        for module in modules_below(name):
            yield module


def make_cache(benchmark, path):
    import inspect
    import pickle

    for setup in benchmark.setups:  # asv runs a module's parameter-free setup before setup_cache, too
        if not inspect.ismethod(setup):
            try:
                inspect.signature(setup).bind()
            except TypeError:
                continue
            complete(setup, ())
    with open(path, "wb") as stream:
        pickle.dump(complete(benchmark.setup_cache, ()), stream)
