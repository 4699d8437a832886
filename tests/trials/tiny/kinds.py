from . import log


def track_number():
    return 42


def track_nan():
    return float("nan")


def track_text():
    return "3 apples"


def mem_list():
    return [0] * 1000


def peakmem_list():
    return [0] * 4_000_000


def timeraw_text():
    log("call")
    return "sum(range(1000))"


def timeraw_pair():
    return "sorted(data)", "data = list(range(1000))"


def timeraw_broken():
    return "1 / 0"
