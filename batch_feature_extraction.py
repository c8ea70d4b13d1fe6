"""Extract the features and labels of a task's recordings, of the development and the evaluation set.

Killed at any moment and started again, it goes on where it was; started again when finished, it does nothing.
Recordings that were added, changed or removed are noticed. Finished features that other settings made go with
--overwrite only.
"""

import argparse
import contextlib
import dataclasses
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

import parameter
import seldnet
from cls_feature_class import FeatureClass
from seldnet.annotations.dataset import AMBISONICS, NB_CHANNELS, Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.common.errors import InputError, printable
from seldnet.common.scripts import exit_with_one_line, log_warnings, next_command, script_parser
from seldnet.extraction.stages import extract
from seldnet.methods.registry import METHODS

EXAMPLES = """examples:
  python batch_feature_extraction.py                      task 1: Ambisonic recordings
  python batch_feature_extraction.py 2 --n_jobs 4         task 2 (microphone array) with four processes
  python batch_feature_extraction.py 1 --dataset_dir /data/tau2019 --feat_label_dir /scratch/features
  python batch_feature_extraction.py --dataset_dir office --feat_label_dir office/features --resample
                                                          a data set of one's own: docs/YOUR_OWN_DATA.md
  python batch_feature_extraction.py 1 --dask tcp://head:8786      on the workers of a Dask cluster
"""
SETTINGS = ('dataset_dir', 'feat_label_dir', 'dataset', 'model_variant', 'feature_dtype', 'save_spectra',
            'n_jobs')


def main(argv: Sequence[str], *, dataset: Dataset | None = None) -> int:
    """Run the extraction; `argv` is the command line, the script's name first. Returns the exit status."""
    args = _parse_arguments(argv[1:])
    params = parameter.params_given(args, args.task_id)
    log_warnings()
    dataset = dataset or find_dataset(params['dataset_dir'])
    dataset = dataclasses.replace(dataset, channels=args.channels or dataset.channels,
                                  ambisonics=args.ambisonics or dataset.ambisonics)
    development, evaluation = (
        FeatureClass(params['dataset_dir'], params['feat_label_dir'], params['dataset'], is_eval,
                     feature_dtype=params['feature_dtype'], save_spectra=params['save_spectra'],
                     n_jobs=params['n_jobs'], feature_kind=METHODS[params['model_variant']].kind,
                     resample=args.resample, overwrite=args.overwrite, dataset_facts=dataset).recording_set
        for is_eval in (False, True))
    # Without any recordings, the problems of the development set say what is missing.
    sets = [part for part in (development, evaluation) if part.has_recordings()] or [development]

    with _backend(args.dask), _progress_bar() as bar, logging_redirect_tqdm():
        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        summary = extract(sets, progress=show)

    names = ' and '.join(part.name for part in sets)
    folder = printable(params['feat_label_dir'])
    if not summary.made:
        print(f'{names}: nothing to do, all {summary.recordings} recordings are up to date in {folder}')
    else:
        print(f'{names}: {summary.made} of {summary.recordings} recordings extracted, '
              f'{summary.megabytes:.0f} MB written to {folder} in {summary.seconds:.1f} s')
    print(next_command('python', 'seld.py', args.task_id, *parameter.command_line(args, SETTINGS)))
    return 0


def _parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = script_parser(__doc__, epilog=EXAMPLES)
    parameter.add_task_argument(parser)
    parser.add_argument('--dask', metavar='SCHEDULER',
                        help='address of a Dask scheduler: its workers do the work, on a shared disk')
    parser.add_argument('--resample', action='store_true',
                        help="bring recordings of another rate to the data set's, by soxr")
    parser.add_argument('--overwrite', action='store_true',
                        help='let finished features go that other settings (feature_dtype, ...) made')
    parser.add_argument('--channels', nargs=NB_CHANNELS, type=int, metavar='N',
                        help='the four channels to use of recordings with more, counted from 1')
    parser.add_argument('--ambisonics', choices=AMBISONICS,
                        help='convention of the Ambisonic recordings, where their header names none [n3d]')
    parameter.add_settings(parser, SETTINGS)
    args = parameter.parse_task(parser, argv)
    if args.channels:
        if min(args.channels) < 1 or len(set(args.channels)) < NB_CHANNELS:
            parser.error(f'argument --channels: got {args.channels}, expected {NB_CHANNELS} different '
                         'channels, counted from 1')
        args.channels = tuple(args.channels)
    return args


def _progress_bar() -> tqdm:
    """One bar for the whole run (two passes over each recording), quiet where nobody watches."""
    return tqdm(unit='pass', desc='extracting', file=sys.stdout, disable=None, dynamic_ncols=True)


@contextlib.contextmanager
def _backend(scheduler: str | None) -> Iterator[None]:
    """Where joblib has the work done: in processes on this machine, or on a Dask cluster."""
    if scheduler is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise InputError("--dask: Dask is not installed, run `pip install 'dask[distributed]'`") from error
    try:
        client = Client(scheduler, timeout=30)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(f'--dask {scheduler}: no scheduler answers there ({error})') from error
    import joblib

    with client, joblib.parallel_config(backend='dask'), tempfile.TemporaryDirectory() as folder:
        # The workers may have been started anywhere: they get the code that they are to run.
        client.upload_file(str(_zipped_engine(Path(folder))))
        yield


def _zipped_engine(folder: Path) -> Path:
    """The package `seldnet` as a .zip, which Python can import from."""
    package = Path(seldnet.__file__).parent
    archive = folder / 'seldnet.zip'
    with zipfile.ZipFile(archive, 'w') as file:
        for path in sorted(package.rglob('*.py')):
            file.write(path, path.relative_to(package.parent))
    return archive


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main(sys.argv))
