"""The counted loop: iterations under callgrind until their counts have settled."""

import itertools
import os

from .finding import SkippedError
from .process import jit_state
from .timing import Again, Asked, Timed


def count(benchmark, request):
    """Run iterations from cold until their counts have settled, and let callgrind count each.

    `mark` takes the place of the clock: whenever its C function is entered, callgrind writes its counters to the next
    file and resets them. So each even file holds an iteration, and each odd one what lies between two: reading the
    counts here is not counted.

    Asked to find how many calls make an iteration, it ends as soon as that is known. So whatever is counted ran the
    same code from cold, whether the number was known before or not, and finds the bytecode of all modules written.
    """
    if benchmark.kind != "time":
        raise SkippedError("only time_ benchmarks are counted")
    instrument(START)
    try:
        # Through C: callgrind names the functions that are entered after its start, the interpreter's loop among them.
        (result,) = map(count_iterations, [benchmark], [request])
    finally:
        instrument(STOP)
    return result


KEPT = []
LARGEST, STEP = 512, 16  # pymalloc's sizes in bytes
POOL = 16 * 1024 - 48
RESERVED = 4 * 1024 * 1024


def lay_out():
    """Make where objects lie depend on the hash seed, and little on what the suite's modules hold.

    A few counts depend on addresses: the interpreter's cache of attributes and sets of objects without a hash of
    their own find places by them. A change that moves what lies in memory and nothing else, to a docstring say, moved
    counts by 0.2 to 4%. So objects of all sizes are kept, as many of each as the seed says, and then each size gets
    memory of its own: as long as one object of each pool lives, the pool serves no other size.
    """
    state = int(os.environ["PYTHONHASHSEED"])
    for size in range(STEP, LARGEST + 1, STEP):
        state = (state * 1_103_515_245 + 12_345) % 2**31  # the C standard's example of a generator
        KEPT.append(objects_of(size, state >> 16 & 255))
    KEPT.extend(objects_of(size, RESERVED // size)[:: POOL // size] for size in range(STEP, LARGEST + 1, STEP))


def objects_of(size, count):
    """Without a loop of bytecode, which takes four times as long under callgrind."""
    if size == 16:
        return list(itertools.islice(iter(object, None), count))
    make, argument = (float, 1) if size == 32 else (bytes, size - 33)  # 33: of bytes without any
    return list(map(make, itertools.repeat(argument, count)))


def mark():
    """A C function that little else calls. It always answers 0: to make a number that is not kept ready is counted."""
    from _functools import partial

    return partial(os.sched_get_priority_max, os.SCHED_OTHER)


def count_iterations(benchmark, request):
    again, timed = Again(benchmark), Timed(benchmark)
    timed.timer = mark()
    counts, parts = [], [0]
    asked, loops, jit = Asked(benchmark).inner_loops, 1, bool(jit_state()[1])
    _, _, digest = timed.first(1)
    while len(counts) < request["max_iterations"] and sum(counts) < request["max_instructions"]:
        if len(counts) == 2:
            while loops * counts[1] < request["loop_instructions"]:
                loops *= 2
            loops = request["inner_loops"] or asked or loops
            if not request["inner_loops"]:
                return {"inner_loops": loops, "iterations": 2}
        if counts:
            again()
            timed.iterate(loops)
        files = written(request["counts"], parts[-1])
        if not files:
            raise RuntimeError("callgrind wrote no counts at a call of sched_get_priority_max")
        # A coroutine's first call is counted in two pieces: how it is made, and how it runs.
        if len(files) != 2 and (counts or len(files) != 4):
            raise SkippedError("it calls os.sched_get_priority_max, which marks the ends of counted iterations")
        counts.append(sum(files[1::2]))
        parts.append(parts[-1] + len(files))
        if settled(counts[2:] if loops > 1 else counts, jit):
            break
    return {
        "digest": digest,
        "inner_loops": loops,
        "iterations": len(counts),
        "instructions": counts,
        "parts": parts[1:],
    }


def written(path, last):
    """What callgrind counted in each file after the one numbered `last`."""
    counts = []
    while os.path.exists("%s.%d" % (path, last + 1)):
        last += 1
        with open("%s.%d" % (path, last), "rb") as stream:
            header = stream.read(4096)
        counts.append(int(header[header.index(b"summary:") + 8 :].split(None, 1)[0]))
    return counts


def settled(counts, jit):
    """Whether the counts ran long enough, and were on one level for the last half of them, but for single ones."""
    total = sum(counts)
    if len(counts) < (LEAST_ITERATIONS[jit] if total < LONG_INSTRUCTIONS[jit] else 4):
        return False
    # A small benchmark with a setup is one call an iteration: many of them would mostly be setups.
    if total < LEAST_INSTRUCTIONS[jit] and len(counts) < MANY_ITERATIONS[jit]:
        return False
    half = counts[len(counts) // 2 :]
    middle = len(half) // 2
    earlier, later = (sorted(part)[(len(part) - 1) // 2] for part in (half[:middle], half[middle:]))
    near = later * SAME_LEVEL
    return abs(earlier - later) <= near and 2 * sum(abs(one - later) <= near for one in half) > len(half)


SAME_LEVEL = 0.0002

# How long a trial is at least, by whether the JIT is on. CPython compiles a loop after some 4,000 passes, and what
# leaves its trace often after as many more, so that the level falls once more when it seemed steady. Beside the level
# after 1.5e9 instructions, six programs on 3.15.2 were 0.15 to 9.4% too high with (6, 5e7), which is enough with the
# JIT off; up to 9.4% with (10, 3e8); at most 0.22% with (16, 3e8), for 2.9 times the instructions.
LEAST_ITERATIONS = {False: 6, True: 16}
LEAST_INSTRUCTIONS = {False: 50_000_000, True: 300_000_000}
LONG_INSTRUCTIONS = {False: 400_000_000, True: 1_000_000_000}  # in as many a trace is compiled, if it ever is
MANY_ITERATIONS = {False: 30, True: 100}

# Callgrind's client requests: their numbers from its header callgrind.h, and a sequence of instructions that does
# nothing elsewhere. Without instrumentation a program starts two to three times as fast.
START, STOP = 0x43540004, 0x43540005
REQUEST_CODE = {"x86_64": "4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3"}


def instrument(request):
    """Have callgrind begin or end counting, on processors whose sequence is known here."""
    code = REQUEST_CODE.get(os.uname().machine)
    if code is None:
        return
    import ctypes
    import mmap

    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(bytes.fromhex(code))
    place = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(place)((ctypes.c_size_t * 6)(request))
