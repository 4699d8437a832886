from tiny import log


class Deep:
    def setup(self):
        log("setup")

    def time_deep(self):
        log("call")
