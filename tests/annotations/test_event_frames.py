"""The rules of the table in event_frames.py, with numbers by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seldnet.annotations.event_frames import (
    cut_label_frames,
    label_frames,
    output_format_frames,
    times_of_label_frames,
)


@pytest.mark.parametrize('start_s, end_s, frames', [
    (0.05, 0.08, (2, 4)),  # 0.05 s is in frame 2 (0.04 .. 0.06 s); frame 4 begins at 0.08 s
    (1, 2, (50, 100)),  # 2019 quirk: 51 frames for a second
    (0.0, 0.0, (0, 0)),
    (0.001, 0.001, (0, 1)),
    (0.019, 0.021, (0, 2)),
    (59.5, 61, (2975, 3050)),  # wherever the recording ends
])
def test_labels_rule(start_s, end_s, frames):
    assert label_frames(start_s, end_s) == frames


def test_labels_stop_at_the_last_frame():
    times_s = [(59.5, 61), (61, 62), (1, 2)]
    assert cut_label_frames(times_s, 3000).tolist() == [[2975, 3000], [3050, 3000], [50, 100]]
    assert cut_label_frames(times_s[2:], 75).tolist() == [[50, 75]]
    assert cut_label_frames(times_s, None).tolist() == [[2975, 3050], [3050, 3100], [50, 100]]
    assert cut_label_frames([], 3000).shape == (0, 2) and cut_label_frames([], 3000).dtype == np.int64


@pytest.mark.parametrize('start_s, end_s, first, last', [
    (0.05, 0.08, 2, 4),
    (0.05, 0.07, 2, 3),  # the labels' rule gives 4
    (1, 2, 50, 100),
    (0.58, 0.58, 28, 28),  # 2019 quirk: 0.58 / 0.02 is 28.99...; the labels' rule gives 28 and 29
    (59.5, 61, 2975, 3050),
])
def test_output_formats_rule(start_s, end_s, first, last):
    assert output_format_frames(start_s, end_s) == range(first, last + 1)


def test_output_formats_rule_with_another_hop():
    assert output_format_frames(0.25, 0.5, 0.1) == range(2, 6)


def test_times_of_label_frames_by_hand():
    assert times_of_label_frames(2, 4) == pytest.approx((0.05, 0.07))


@given(st.integers(0, 10**5), st.integers(1, 10**4))
def test_predicted_events_become_the_same_frames_again(first, more):
    assert label_frames(*times_of_label_frames(first, first + more)) == (first, first + more)
