"""Put the scores of several tasks beside each other: those of their predictions, for all recordings together.

    python misc_files/compare_tasks.py demo demo_accdoa
    python misc_files/compare_tasks.py 4 6 --dcase_dir results/
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from parameter import TASKS, add_settings, params_given
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.annotations.output_format import predictions_folder
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.extraction.audio import frames_of_recordings
from seldnet.scoring.scores import score_folders
from seldnet.scoring.tables import format_comparison


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    results = {}
    for task in args.tasks:
        params = params_given(args, task)
        predictions = predictions_folder(params['dcase_dir'], task, params['dataset'], params['mode'])
        described = dataset or find_dataset(params['dataset_dir'])
        references = described.description_folder(params['dataset_dir'], params['mode'])
        results[f'{task} ({params["model_variant"]})'] = score_folders(
            predictions, references, allow_missing=True, dataset=described,
            nb_frames=frames_of_recordings(references, described))
    print(format_comparison(results))
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('tasks', nargs='+', choices=tuple(TASKS), metavar='TASK',
                        help='tasks of parameter.py')
    add_settings(parser, ('dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
