"""Show what a model gets wrong: which class it takes for which, where its directions are off, and when.

    python misc_files/analyse_errors.py                                   # the predictions of task 1
    python misc_files/analyse_errors.py results/4_foa_dev data/metadata_dev --output errors/
    python misc_files/analyse_errors.py --task demo --format pdf --allow-missing

In each frame references and predictions of the same class are paired first, then what is left, whatever its
class; each time so that the sum of the distances is least. (The 2019 scores pair regardless of class.) The
DOA error of a pair is its distance; what stays alone is missed, or a false alarm. A table is printed,
and three pictures are written:

confusion   for each class what it is taken for, and how often it is missed; what false alarms are taken for
directions  DOA error of the pairs by true azimuth, by true elevation, and on a map of both
onsets      share of the events that are found, and their DOA error, by the time since the event began
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files import plotting
from misc_files.error_pictures import PICTURES
from misc_files.matching import Matches, confusion, match, quartiles
from parameter import add_task_option, command_line, params_given
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.output_format import predictions_folder, read_output_rows
from seldnet.annotations.stored_facts import dataset_of_predictions
from seldnet.common.errors import InputError
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.extraction.audio import frames_of_recordings
from seldnet.scoring.recordings import (
    find_recordings,
    read_reference_rows,
    read_since_onset,
    recording_frames,
)

# ------------------------------------------------------------------------------------------------------------
# Table
# ------------------------------------------------------------------------------------------------------------


def format_table(matches: Matches) -> str:
    """A row a class: what became of it."""
    counts = confusion(matches)
    nothing, classes, frame_s = matches.nothing, matches.dataset.classes, matches.dataset.hop_length_s
    by_class = quartiles(matches.distance_deg, matches.class_index, len(classes))
    width = max(12, *(len(name) + 2 for name in classes))
    head = (f'{"class":{width}}{"seconds":>9}{"right":>8}{"missed":>8}   {"most taken for":{width + 10}}'
            f'{"DOA error":>9}')
    lines = [head, '-' * len(head)]
    for index, name in enumerate(classes):
        total = counts[index].sum()
        if not total:
            lines += [f'{name:{width}}{0:9.1f}']
            continue
        taken_for = counts[index, :nothing]
        others = np.where(np.arange(nothing) == index, 0, taken_for)
        other = f'{classes[others.argmax()]} {others.max() / total:.1%}' if others.any() else '-'
        error = f'{by_class.median[index]:.1f}°' if taken_for.any() else '-'
        lines += [f'{name:{width}}{total * frame_s:9.1f}{counts[index, index] / total:8.1%}'
                  f'{counts[index, nothing] / total:8.1%}   {other:{width + 10}}{error:>9}']
    return '\n'.join([*lines, '', f'false alarms: {len(matches.false_alarms) * frame_s:.1f} s',
                      'DOA error: median over the pairs of a true class, whatever was predicted'])


# ------------------------------------------------------------------------------------------------------------
# Command line
# ------------------------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    params = params_given(args, args.task, predictions=args.predictions)
    predictions = args.predictions or predictions_folder(params['dcase_dir'], args.task, params['dataset'],
                                                         params['mode'])
    dataset = dataset or dataset_of_predictions(predictions, args.references and args.references.parent,
                                                params['dataset_dir'])
    references = args.references or dataset.description_folder(params['dataset_dir'], params['mode'])

    names, left_out = find_recordings(predictions, references, allow_missing=args.allow_missing)
    described = [references / f'{name}.csv' for name in names]
    reference_rows = [read_reference_rows(path, dataset=dataset) for path in described]
    prediction_rows = [read_output_rows(predictions / f'{name}.csv', dataset=dataset) for name in names]
    nb_frames = recording_frames(names, reference_rows, prediction_rows,
                                 frames_of_recordings(references, dataset), dataset=dataset)
    matches = match(reference_rows, [read_since_onset(path, dataset=dataset) for path in described],
                    prediction_rows, dataset=dataset, nb_frames=nb_frames)
    if not len(matches.class_index):
        raise InputError(f'{references}: no events in the descriptions of {len(names)} recordings')
    plotting.choose_backend(args.show)
    print(f'{len(names)} recordings of {predictions}'
          + (f', {left_out} references have no prediction and are left out' if left_out else '')
          + f'\n\n{format_table(matches)}\n')
    figures = {name: plot(matches) for name, plot in PICTURES.items()}
    plotting.save_or_show(figures, args, predictions / 'errors')
    worst = names[int(matches.wrong_frames().argmax())]
    print(next_command('python', 'misc_files/visualize_SELD_output.py', predictions / f'{worst}.csv',
                       '--references', references, *(['--task', args.task] if args.task != '1' else []),
                       *command_line(args, ('dataset', 'mode', 'dataset_dir')),
                       title='The recording in which most is missed or taken for something else'))
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('predictions', nargs='?', type=Path, help="folder of predictions [the task's]")
    parser.add_argument('references', nargs='?', type=Path, help="folder of descriptions [the task's]")
    parser.add_argument('--output', type=Path, metavar='DIR',
                        help='folder for the pictures [errors/ in the folder of predictions]')
    plotting.add_picture_options(parser)
    parser.add_argument('--allow-missing', action='store_true',
                        help='leave out the recordings that have no prediction')
    add_task_option(parser, ('dataset', 'mode', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
