"""Digests of what benchmarks return, to compare the answers of two arms."""

import itertools

# In items: a second or so. A list that holds itself would never end.
LARGEST_RESULT = 1_000_000


def digest_of(value):
    """A digest of None, bool, int, float, str, bytes and nested list, tuple, dict of them; None for all else."""
    # hashlib would load OpenSSL: milliseconds and megabytes that are not the benchmark's.
    from _blake2 import blake2b

    state = blake2b(digest_size=16)
    pending = [value]
    patience = LARGEST_RESULT
    plain = {type(None), bool, int, float, str, bytes}
    while pending:
        patience -= 1
        if patience < 0:
            return None
        item = pending.pop()
        kind = type(item)
        if kind in plain:
            data = plain_bytes(item, kind)
            state.update(b"%s %d " % (kind.__name__.encode(), len(data)))
            state.update(data)
        elif kind in (list, tuple, dict):
            state.update(b"%s %d " % (kind.__name__.encode(), len(item)))
            pending.extend(reversed(list(itertools.chain.from_iterable(item.items())) if kind is dict else item))
        else:
            return None
    return state.hexdigest()


def plain_bytes(item, kind):
    if kind is bytes:
        return item
    # hex() because str() of a very long int is refused
    text = item.hex() if kind is float else hex(item) if kind is int else str(item)
    return text.encode("utf-8", "surrogatepass")
