"""A guided tour of the scores: known mistakes, and what each score makes of them.

    python misc_files/test_SELD_metrics.py                       # two examples that come with the project
    python misc_files/test_SELD_metrics.py data/metadata_dev/split1_ir0_ov1_1.csv

First the angle between directions, by spherical and by Cartesian coordinates. Then, for each description, the
events themselves and seven altered copies are scored as if they were predictions, in the three ways of 2019:

regression      the labels that the network learns, one direction a class, frames strung together (training)
classification  labels on the grid of directions, through the accumulating class SELDMetrics (official)
output format   written to CSV files and read back, through compute_seld_metrics_from_output_format_dict

ER is the error rate, F the F-score, DOA the direction error in degrees, FR the frame recall, SELD the mean of
the four as errors. The ways differ a little where a class overlaps itself, since regression knows only one
direction a class, and because descriptions become the output format by a frame rule of its own.

The name is of 2019; the unit tests are in tests/.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
import evaluation_metrics as metrics
from seldnet.annotations.dataset import TAU2019
from seldnet.annotations.descriptions import Event, description_dict, read_description
from seldnet.annotations.event_frames import cut_label_frames
from seldnet.annotations.labels import classification_labels, regression_labels
from seldnet.annotations.output_format import OutputDict
from seldnet.common.scripts import exit_with_one_line, script_parser

Scores = tuple[float, float, float, float, float]  # ER, F, DOA error, frame recall, SELD

# One event at once, and two: descriptions that synthesize_dataset.py made.
EXAMPLES = tuple(Path(__file__).parent / 'examples' / name
                 for name in ('split2_ir1_ov1_1.csv', 'split1_ir3_ov2_1.csv'))

# ------------------------------------------------------------------------------------------------------------
# The angle between directions
# ------------------------------------------------------------------------------------------------------------

PAIRS_DEG = (  # (azimuth, elevation) of two directions, and what is to be seen
    ((0, 0), (0, 0), 'the same direction'),
    ((0, 0), (90, 0), 'front and left'),
    ((170, 0), (-170, 0), 'azimuth goes round: 20 degrees, not 340'),
    ((0, 0), (10, 0), 'ten degrees of azimuth at the horizon'),
    ((0, 40), (10, 40), 'the same further up: circles of azimuth get smaller'),
    ((0, 40), (180, 40), 'opposite azimuths: the shortest way is over the top'),
    ((90, 40), (-90, -40), 'opposite directions'),
)


def angles_deg(first_deg: tuple[float, float], second_deg: tuple[float, float]) -> tuple[float, float]:
    """Angle between two directions by spherical and by Cartesian coordinates."""
    first, second = np.radians(first_deg), np.radians(second_deg)
    vectors = (*metrics.sph2cart(*first, 1), *metrics.sph2cart(*second, 1))
    return (float(metrics.distance_between_spherical_coordinates_rad(*first, *second)),
            float(metrics.distance_between_cartesian_coordinates(*vectors)))


def format_angles() -> str:
    lines = ['Angle between two directions (azimuth, elevation), degrees',
             f'{"":28}{"spherical":>12}{"Cartesian":>12}']
    for first, second, meaning in PAIRS_DEG:
        spherical, cartesian = angles_deg(first, second)
        lines += [f'{first!s:>13} {second!s:>13} {spherical:12.4f}{cartesian:12.4f}   {meaning}']
    return '\n'.join(lines)


# ------------------------------------------------------------------------------------------------------------
# Three ways to the scores
# ------------------------------------------------------------------------------------------------------------


def score_regression(reference: Sequence[Event], prediction: Sequence[Event]) -> Scores:
    """Scores of training: activities, and one direction a class in radians."""
    (gt_sed, gt_doa), (pred_sed, pred_doa) = (
        np.split(regression_labels(description_dict(events)), [TAU2019.nb_classes], axis=1)
        for events in (reference, prediction))
    sed_scores = metrics.compute_sed_scores(pred_sed, gt_sed, TAU2019.nb_frames_1s)
    doa_scores = metrics.compute_doa_scores_regr(np.radians(pred_doa), np.radians(gt_doa), pred_sed, gt_sed)
    return (*sed_scores, *doa_scores[:2], metrics.compute_seld_metric(sed_scores, doa_scores))


def score_classification(reference: Sequence[Event], prediction: Sequence[Event]) -> Scores:
    """The official scores: any directions of the grid for each class."""
    gt, pred = (classification_labels(description_dict(events)) for events in (reference, prediction))
    official = metrics.SELDMetrics(TAU2019.nb_frames_1s)
    official.update_sed_scores(pred.max(axis=2), gt.max(axis=2))
    official.update_doa_scores(pred, gt)
    sed_scores, doa_scores = official.compute_sed_scores(), official.compute_doa_scores()
    return (*sed_scores, *doa_scores, metrics.compute_seld_metric(sed_scores, doa_scores))


def score_output_format(reference: Sequence[Event], prediction: Sequence[Event]) -> Scores:
    """Scores of two files of the output format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'recording.csv')
        gt, pred = _through_file(reference, path), _through_file(prediction, path)
    seld, *others = metrics.compute_seld_metrics_from_output_format_dict(pred, gt)
    return (*others, seld)


def _through_file(events: Sequence[Event], path: Path) -> OutputDict:
    class_indices = {name: index for index, name in enumerate(TAU2019.classes)}
    output_dict = metrics.description_file_to_output_format(
        description_dict(events, in_sec=True), class_indices, TAU2019.hop_length_s)
    metrics.write_output_format_file(path, output_dict)
    return metrics.load_output_format_file(path)


WAYS: dict[str, Callable[[Sequence[Event], Sequence[Event]], Scores]] = {
    'regression': score_regression,
    'classification': score_classification,
    'output format': score_output_format,
}

# ------------------------------------------------------------------------------------------------------------
# Mistakes
# ------------------------------------------------------------------------------------------------------------


def perfect(events: Sequence[Event]) -> list[Event]:
    """Everything is right: error rate 0, F 1, DOA error 0 degrees, frame recall 1."""
    return list(events)


def turned(events: Sequence[Event]) -> list[Event]:
    """Azimuths are off by 10 degrees: only the DOA error sees it, and less than 10 of it off the horizon."""
    return [event._replace(azimuth_deg=(event.azimuth_deg + 10 + 180) % 360 - 180) for event in events]


def confused(events: Sequence[Event]) -> list[Event]:
    """Each class is taken for the next: detection fails, and directions do not ask for classes."""
    return [event._replace(class_index=(event.class_index + 1) % TAU2019.nb_classes) for event in events]


def late(events: Sequence[Event]) -> list[Event]:
    """Everything comes 0.5 s late: wrong at starts and ends, where directions meet those of other events."""
    return [event._replace(start_s=event.start_s + 0.5, end_s=event.end_s + 0.5) for event in events
            if event.start_s + 0.5 < TAU2019.recording_s]


def half_missed(events: Sequence[Event]) -> list[Event]:
    """Every other event is missed: deletions, and only frame recall asks for the missing directions."""
    return list(events[::2])


def false_alarm(events: Sequence[Event]) -> list[Event]:
    """A class sounds all the time: insertions, and only frame recall asks for directions too many."""
    least = min(range(TAU2019.nb_classes), key=[event.class_index for event in events].count)
    return [*events, Event(least, 0, TAU2019.recording_s, 0, 0, 1)]


def nothing(events: Sequence[Event]) -> list[Event]:
    """Nothing is predicted: ER 1, F 0; DOA error 0 in functions, NaN in the class; silence is recalled."""
    return []


CASES = (perfect, turned, confused, late, half_missed, false_alarm, nothing)

# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def format_tour(name: str, events: Sequence[Event]) -> str:
    """The scores of all cases in all ways, with a line on what they mean."""
    width = 32
    lines = [f'{name}: {len(events)} events, at most {most_at_once(events)} at once',
             f'{"":12}' + ''.join(f' | {way:^{width}}' for way in WAYS).rstrip(),
             f'{"":12}' + ' |     ER     F     DOA    FR  SELD' * len(WAYS)]
    lines += ['-' * len(lines[-1])]
    for case in CASES:
        scores = [way(events, case(events)) for way in WAYS.values()]
        lines += [f'{case.__name__.replace("_", " "):12}' + ''.join(
            ' | {:6.2f}{:6.2f}{:8.2f}{:6.2f}{:6.3f}'.format(*of_way) for of_way in scores)]
        lines += [f'    {case.__doc__}']
    return '\n'.join(lines)


def most_at_once(events: Sequence[Event]) -> int:
    """Largest number of events in a frame."""
    active = np.zeros(TAU2019.nb_frames + 1, int)
    for first, last in cut_label_frames([event[1:3] for event in events], TAU2019.nb_frames):
        active[first:last + 1] += 1
    return int(active.max())


def main(argv: Sequence[str] | None = None) -> int:
    parser = script_parser(__doc__)
    parser.add_argument('descriptions', nargs='*', type=Path, default=EXAMPLES, metavar='DESCRIPTION',
                        help='descriptions to score [two examples]')
    args = parser.parse_args(argv)
    print(format_angles())
    for path in args.descriptions:
        print(f'\n{format_tour(path.stem, read_description(path))}')
    return 0


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
