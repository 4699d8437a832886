"""The machine's name becomes a folder of the results, so that not every name will do."""

from __future__ import annotations

import pytest

from asv_jit.asv_adapter.machine import this_machine
from asv_jit.errors import UsageError


@pytest.mark.parametrize("name", ["../../x", "a/b", "..", ".hidden", "a\\b", "a\nb"])
def test_a_name_that_leads_out_of_the_results_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="expected the name of a machine"):
        this_machine(name)
