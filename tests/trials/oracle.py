"""Runs cases of the tiny suite with asv_runner itself: `python oracle.py CASES FOLDER`.

CASES is a JSON list of [name, param_index or null]. For each, in order, FOLDER/<position>/log says what was
called, and FOLDER/answers.json holds the results: null is a failure, NaN a skip.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import traceback
from pathlib import Path

from asv_runner.discovery import get_benchmark_from_name
from asv_runner.run import _run

TINY = str(Path(__file__).parent / "tiny")
# As often as our trials: three samples of one call each, without a warm-up.
EFFORT = json.dumps({"number": 1, "repeat": 3, "warmup_time": 0, "min_run_count": 1, "rounds": 1})


def answer_of(name: str, index: int | None) -> object:
    case = name if index is None else f"{name}-{index}"
    try:
        benchmark = get_benchmark_from_name(TINY, case)
        if benchmark.setup_cache_key is not None:
            Path("cache.pickle").write_bytes(pickle.dumps(benchmark.do_setup_cache()))
        _run((TINY, case, EFFORT, "None", "result.json"))
    except Exception:  # noqa: BLE001 - a failing benchmark is one of the cases
        traceback.print_exc()
        return None
    return json.loads(Path("result.json").read_text(encoding="utf-8"))


def main(cases: list[tuple[str, int | None]], folder: Path) -> None:
    answers = []
    for position, (name, index) in enumerate(cases):
        place = folder / str(position)
        place.mkdir()
        os.chdir(place)
        os.environ["TINY_LOG"] = str(place / "log")
        answers.append(answer_of(name, index))
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]))
