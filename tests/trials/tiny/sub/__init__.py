from tiny import log


def time_in_sub_init():
    log("call in sub")
