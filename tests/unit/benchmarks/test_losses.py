"""Which ratios have been lost."""

import pytest

from benchmarks.common.losses import LEAST, Ratio, compared, is_lost, lost


@pytest.mark.parametrize(
    ("recorded", "found", "expected"),
    [
        (Ratio(4.0, 0.1), Ratio(4.0, 0.1), False),
        (Ratio(4.0, 0.1), Ratio(3.21, 0.1), False),  # within 10 % and 10 %
        (Ratio(4.0, 0.1), Ratio(3.19, 0.1), True),
        (Ratio(4.0, 0.1), Ratio(3.5, 0.0), True),  # the noise of both counts
        (Ratio(4.0, 0.0), Ratio(4.0 * (1 - LEAST) + 0.01, 0.0), False),
        (Ratio(4.0, 0.0), Ratio(4.0 * (1 - LEAST) - 0.01, 0.0), True),
        (Ratio(4.0, 0.1), Ratio(9.0, 0.1), False),  # better is no loss
        (Ratio(1.2, 0.1, lower=True), Ratio(1.43, 0.1, lower=True), False),
        (Ratio(1.2, 0.1, lower=True), Ratio(1.45, 0.1, lower=True), True),
        (Ratio(1.2, 0.1, lower=True), Ratio(0.5, 0.1, lower=True), False),
    ],
)
def test_a_loss_is_what_is_worse_beyond_the_noise_of_both(recorded: Ratio, found: Ratio, expected: bool) -> None:
    assert is_lost(recorded, found) is expected


def test_lost_ratios_are_named_with_what_was_recorded_and_found() -> None:
    recorded = {"shared prompt": Ratio(6.0, 0.06), "by clip": Ratio(3.5, 0.02), "never run": Ratio(2.0, 0.1)}
    found = {"shared prompt": Ratio(5.9, 0.03), "by clip": Ratio(1.02, 0.03), "unknown": Ratio(1.0, 0.0)}
    assert lost(recorded, found) == ["by clip"]
    kept, gone, new = compared(recorded, found)
    assert kept.startswith("kept") and "shared prompt" in kept
    assert gone.startswith("LOST") and "by clip: recorded 3.5, found 1.02" in gone
    assert new.startswith("new") and "unknown" in new
