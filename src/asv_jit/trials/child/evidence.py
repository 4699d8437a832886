"""What the JIT compiled. Loaded after the last iteration, as nothing before it needs this."""

import gc
import importlib
import os
import re

FOLDER = os.path.dirname(os.path.abspath(__file__))
TRIALS = os.path.dirname(FOLDER)
ENTRY = os.path.join(TRIALS, "inside.py")
FunctionType = type(lambda: None)


def is_ours(code):
    """Whether a code object is of these files: the timed loop is compiled too, and is not the benchmark's."""
    return os.path.dirname(code.co_filename) in (FOLDER, TRIALS)


def gather_evidence(micro_ops):
    """What hangs on code objects that were compiled: {"functions": [...], "harness": [...]}, or None.

    Private to CPython and different in each release, so that every step may be missing. Static counts: nothing
    here tells how often a trace ran. Operands hold addresses and are dropped, but for those of known functions:
    they name what a trace inlined.
    """
    try:
        from _opcode import get_executor
    except ImportError:
        return None
    try:
        marker = enter_executor_opcode()
        if marker is None:
            return None
        living = [thing for thing in gc.get_objects() if type(thing) is FunctionType]
        # All executors first, and held: CPython drops traces that have not run for a while, and what follows
        # runs long enough to make the benchmark's look cold.
        traces = [
            (code, found)
            for code in all_code_objects(living)
            for found in [executors_of(code, get_executor, marker)]
            if found
        ]
        names = {id(function): function_name(function.__code__) for function in living}
        names.update({id(function.__code__): function_name(function.__code__) for function in living})
        found = {"functions": [], "harness": []}
        for code, executors in traces:
            if not is_ours(code):
                found["functions"].append(described(code, executors, names, micro_ops))
            elif code.co_name in TIMED_BY_US:  # and not what was compiled while this evidence was gathered
                found["harness"].append(described(code, executors, names, micro_ops))
        for entries in found.values():
            entries.sort(key=lambda entry: (-entry["code_bytes"], entry["function"]))
        return found
    except Exception as error:  # noqa: BLE001 - a private interface that changed must not cost us the trial
        return {"functions": [], "harness": [], "error": "%s: %s" % (type(error).__name__, error)}


TIMED_BY_US = (
    "iteration", "awaited_iteration", "exhaust", "exhaust_async", "first", "measure", "count_iterations", "<lambda>",
)  # fmt: skip


def enter_executor_opcode():
    for module_name in ("opcode", "_opcode_metadata", "dis"):
        try:
            module = importlib.import_module(module_name)
        except ImportError:
            continue
        for table in ("opmap", "_specialized_opmap", "_all_opmap"):
            number = getattr(module, table, {}).get("ENTER_EXECUTOR")
            if number is not None:
                return bytes([number])
    return None


def all_code_objects(functions):
    """Every code object that a living function, or the code inside it, holds."""
    seen = set()
    pending = [function.__code__ for function in functions]
    code_type = type(all_code_objects.__code__)
    while pending:
        code = pending.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        yield code
        pending.extend(constant for constant in code.co_consts if type(constant) is code_type)


def executors_of(code, get_executor, marker):
    """The executors that hang on one code object, in the order of their places."""
    adaptive = code._co_code_adaptive
    if marker not in adaptive[::2]:
        return []
    found = []
    offset = adaptive.find(marker)
    while offset >= 0:
        if offset % 2 == 0:
            try:
                found.append(get_executor(code, offset))
            except (ValueError, RuntimeError):
                found.append(None)  # an inline cache that happens to look like the opcode
        offset = adaptive.find(marker, offset + 1)
    return [executor for executor in found if executor is not None]


def described(code, executors, names, micro_ops):
    """The traces that start in one code object, added up."""
    entry = {"function": function_name(code), "executors": 0, "code_bytes": 0, "micro_ops": 0, "names": {}}
    mentioned = set()
    for executor in executors:
        machine_code = executor.get_jit_code() if hasattr(executor, "get_jit_code") else None
        entry["executors"] += 1
        entry["code_bytes"] += len(machine_code) if machine_code else 0
        for operation in executor:
            entry["micro_ops"] += 1
            if micro_ops:
                entry["names"][operation[0]] = entry["names"].get(operation[0], 0) + 1
            if operation[0] in ("_PUSH_FRAME", "_LOAD_CONST_INLINE", "_LOAD_CONST_INLINE_BORROW"):
                mentioned.update(names[operand] for operand in operation[1:] if operand in names)
    entry["mentions"] = sorted(mentioned - {entry["function"]})
    return entry


def function_name(code):
    """`file:qualified.name`, without the folders that differ between installations.

    All code of ours is named as of inside.py, as in the trials that were stored when it was one file.
    """
    path = ENTRY if is_ours(code) else code.co_filename
    place = re.split(r"[\\/](?:python3\.\d+t?[\\/])?site-packages[\\/]|[\\/]python3\.\d+t?[\\/]", path)[-1]
    place = os.path.basename(place) if os.path.isabs(place) else place
    return "%s:%s" % (place, getattr(code, "co_qualname", code.co_name))
