"""Score predictions, one CSV file of the output format a recording, against descriptions; compare systems.

Prints the scores of DCASE 2019 and the joint scores by the rule of 2020 to 2023 (2024 counts classes without
a match differently): for all recordings, each split, overlap and room, and each class, with 95 % confidence
intervals (jackknife over the recordings) for the totals. What is odd about the files is said in notes below.

Of several systems it prints the totals, and for each two of them how they differ, and which differences are
not chance. A system is a folder of predictions, or a task of parameter.py. A last folder that holds
descriptions (their header says so) is that of the references, as --references is.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from parameter import TASKS, add_settings, params_given
from seldnet.annotations.dataset import TAU2019, Dataset
from seldnet.annotations.output_format import SETTINGS_FILE, predictions_folder
from seldnet.annotations.stored_facts import dataset_of_predictions
from seldnet.common.errors import InputError, printable
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser
from seldnet.scoring.comparison import compare_folders
from seldnet.scoring.recordings import holds_descriptions
from seldnet.scoring.scores import FEWEST_RECORDINGS, score_folders
from seldnet.scoring.tables import (
    format_comparison,
    format_results,
    scores_with_intervals,
    write_comparison_table,
    write_scores_json,
    write_table,
)

EXAMPLES = """examples:
  python calculate_SELD_metrics.py                          the predictions of task 1 against its references
  python calculate_SELD_metrics.py --task 5                 those of task 5 (evaluation set)
  python calculate_SELD_metrics.py results/1_foa_dev data/metadata_dev --json scores.json --csv scores.csv
  python calculate_SELD_metrics.py --allow-missing          only what was predicted (quick test)
  python calculate_SELD_metrics.py --task 4 --task 6        is task 6 better than task 4?
  python calculate_SELD_metrics.py mine yours theirs --references data/metadata_dev --plot scores.png
"""


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    systems, references, dataset_dir = _folders(args)
    _check_outputs(args, (*systems.values(), references))

    dataset = dataset or dataset_of_predictions(next(iter(systems.values())), references.parent, dataset_dir)
    chosen = {'allow_missing': args.allow_missing, 'dataset': dataset,
              'nb_frames': _lengths(references, dataset)}
    if len(systems) == 1:
        results = score_folders(*systems.values(), references, **chosen)
        of_systems = dict.fromkeys(systems, results)
    else:
        results = compare_folders(systems, references, **chosen)
        of_systems = results['systems']
    if args.json:
        write_scores_json(args.json, results)
    if args.csv:
        (write_table if len(systems) == 1 else write_comparison_table)(args.csv, results)
    if args.plot:
        _plot(args.plot, of_systems, references)
    print((format_results if len(systems) == 1 else format_comparison)(results))
    for path in filter(None, (args.json, args.csv, args.plot)):
        print(f'written: {printable(path)}')
    if len(systems) == 1:
        print('\n' + next_command('python', 'misc_files/analyse_errors.py', *systems.values(), references,
                                  *(['--allow-missing'] if args.allow_missing else []),
                                  title='Which class is taken for which, and where directions are off'))
    elif not args.plot:
        given = sys.argv[1:] if argv is None else argv
        print('\n' + next_command('python', 'calculate_SELD_metrics.py', *given, '--plot', 'scores.png',
                                  title='The same as a picture'))
    return 0


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__, epilog=EXAMPLES)
    parser.add_argument('folders', nargs='*', type=Path, metavar='FOLDER',
                        help="of predictions [the task's]; a last one of descriptions: the references")
    parser.add_argument('--references', type=Path, metavar='FOLDER', help="of descriptions [the task's]")
    parser.add_argument('--task', action='append', choices=tuple(TASKS), metavar='ID',
                        help='task of parameter.py whose folders are the defaults [1]; several are compared')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all scores as JSON')
    parser.add_argument('--csv', type=Path, metavar='FILE', help='write all scores as a table, one a row')
    parser.add_argument('--plot', type=Path, metavar='FILE', help='draw the scores of all recordings '
                        '(.png, .pdf, .svg)')
    parser.add_argument('--allow-missing', action='store_true',
                        help='leave out the recordings that have no prediction')
    add_settings(parser, ('dataset', 'mode', 'dataset_dir', 'dcase_dir'))
    return parser.parse_args(argv)


class _Task(NamedTuple):
    """The folders of a task, or of the job that wrote a folder of predictions."""

    name: str
    predictions: Path
    references: Path
    dataset_dir: str


def _task(args: argparse.Namespace, task_id: str, folder: Path | None = None) -> _Task:
    params = params_given(args, task_id, predictions=folder)
    predictions = predictions_folder(params['dcase_dir'], task_id, params['dataset'], params['mode'])
    return _Task(f'{predictions} ({params["model_variant"]})', predictions,
                 TAU2019.description_folder(params['dataset_dir'], params['mode']), params['dataset_dir'])


def _folders(args: argparse.Namespace) -> tuple[dict[str, Path], Path, str]:
    """Name and folder of each system, the folder of references, and that of the data set."""
    folders, references = list(args.folders), args.references
    if references is None and len(folders) > 1 and holds_descriptions(folders[-1]):
        references = folders.pop()
    folder = folders[0] if folders and not args.task else None
    tasks = [_task(args, task_id, folder) for task_id in dict.fromkeys(args.task or ['1'])]
    if references is None:
        references = tasks[0].references
        for other in tasks[1:]:
            if other.references != references:
                raise InputError(f'{other.references}: the references of {other.predictions}, expected those '
                                 f'of {tasks[0].predictions}, {references}; --references names one for all')
    systems = {str(folder): folder for folder in folders}
    if len(systems) < len(folders):
        raise InputError(f'{folders[-1]}: a system is named twice, expected different folders')
    if not folders or (args.task and len(tasks) > 1):
        systems |= {task.name: task.predictions for task in tasks}
    return systems, references, tasks[0].dataset_dir


def _lengths(references: Path, dataset: Dataset) -> dict[str, int]:
    """Frames of the recordings of the references, where the data set does not say and they lie there."""
    if dataset.nb_frames is not None:
        return {}
    from seldnet.extraction.audio import frames_of_recordings  # reads audio: imported only where it is needed

    return frames_of_recordings(references.resolve(), dataset)


def _plot(path: Path, systems: Mapping[str, Any], references: Path) -> None:
    from seldnet.plots.comparison import plot_comparison  # half a second that others need not wait for
    from seldnet.plots.style import save

    nb_recordings = next(iter(systems.values()))['recordings']['all']
    intervals = '95 % intervals' if nb_recordings >= FEWEST_RECORDINGS else 'too few for intervals'
    title = f'{nb_recordings} recordings of {references}, {intervals}'
    save(plot_comparison({name: scores_with_intervals(results) for name, results in systems.items()},
                         title=title), path)


def _check_outputs(args: argparse.Namespace, folders: Sequence[Path]) -> None:
    """InputError if one file would replace the other, or stand in one of `folders` as one of its files."""
    if args.json and args.csv and args.json.resolve() == args.csv.resolve():
        raise InputError(f'{args.csv}: both --json and --csv, expected two files')
    for path in filter(None, (args.json, args.csv)):
        is_among = path.resolve().parent in [folder.resolve() for folder in folders]
        if is_among and (path.resolve().suffix.lower() == '.csv' or path.resolve().name == SETTINGS_FILE):
            raise InputError(f'{path}: would stand among the files that are scored, expected another folder')
    if args.plot:
        from seldnet.plots.style import check_ending

        check_ending(args.plot)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
