"""Make a small data set in the layout of TAU Spatial Sound Events 2019, to run everything without a download.

    python misc_files/synthesize_dataset.py                               # 24 + 4 recordings into demo/data/
    python misc_files/synthesize_dataset.py FOLDER --recordings 4 --eval_recordings 2 --formats foa
    python misc_files/synthesize_dataset.py FOLDER --seconds 10 --seed 7  # short recordings, another draw
    python misc_files/synthesize_dataset.py office --example office       # a data set of one's own

A one-minute recording takes 23 MB a format. What stands in for what:

Rooms     Five shoebox rooms (ir0 to ir4), simulated by image sources with pyroomacoustics.
FOA       Coincident omnidirectional and figure-of-eight microphones at the array's centre: W, Y, Z, X with
          N3D gains.
MIC       Four directional capsules at the real positions (radius 4.2 cm), facing outwards. They approximate
          the rigid sphere of the real array: its delays are those of open air, and its shadow, which truly
          grows with frequency, is one sub-cardioid pattern for all frequencies.
Classes   Eleven procedural sounds, each event a new variation. None is a recording of what it is named after.
Ambience  Independent noise in each channel, average event SNR 30 dB. For FOA this is an isotropic diffuse
          field (its N3D channels are uncorrelated and equally strong); for MIC that holds only above the
          2.5 kHz or so from which a diffuse field is uncorrelated between neighbouring capsules.
Labels    Onset = arrival of the direct sound at the array's centre (3 ms a metre after it was emitted).
          Offset = end of the dry sound; the room rings on.

`--example office` makes another set: dog, door, drill and bell at 24 kHz, recordings of 8 to 20 s, directions
off any grid, two splits; its dataset.toml says so (docs/YOUR_OWN_DATA.md).

The same seed writes the same bytes, whatever the number of processes (and with the same versions of the
libraries, which synthesis.json names). A run that was interrupted is finished by running it again.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from misc_files.synthesis.events import MIN_SECONDS
from misc_files.synthesis.office import LENGTHS_S, OFFICE
from parameter import SETTINGS
from seldnet.annotations.dataset import FORMATS, TAU2019
from seldnet.common.scripts import exit_with_one_line, next_command, script_parser

EXAMPLES = {'tau2019': TAU2019, 'office': OFFICE}


def main(argv: Sequence[str] | None = None) -> None:
    args = _parse_arguments(argv)
    from misc_files.synthesis.dataset import synthesize_dataset  # loads a simulator: --help does without

    example = EXAMPLES[args.example]
    settings = {name: value for name, value in vars(args).items() if name != 'example'}
    nb_made = synthesize_dataset(**settings, progress=_with_progress_bar, dataset=example)
    seconds = args.seconds or example.recording_s or '{} to {}'.format(*LENGTHS_S)
    nb_dev = len(example.folds['dev']) * args.recordings
    what = (f'{nb_dev} development and {args.eval_recordings} evaluation recordings of '
            f'{seconds} s ({", ".join(args.formats)})')
    print(f'{args.folder}: {what}' if nb_made else f'{args.folder}: holds {what} already, nothing to do')
    print(next_command('python', 'batch_feature_extraction.py', *(['2'] if 'foa' not in args.formats else []),
                       '--dataset_dir', args.folder))


def _with_progress_bar(finished: Iterable[Any], total: int) -> Iterable[Any]:
    return tqdm(finished, total=total, desc='recordings', file=sys.stdout, disable=None)


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('folder', nargs='?', default='demo/data/', help='where to make it [%(default)s]')
    parser.add_argument('--recordings', type=_at_least(1), default=6, metavar='N',
                        help='recordings in each of the development splits [%(default)s]')
    parser.add_argument('--eval_recordings', '--eval-recordings', type=_at_least(0), default=4, metavar='N',
                        help='recordings in the evaluation set [%(default)s]')
    parser.add_argument('--example', choices=tuple(EXAMPLES), default='tau2019',
                        help='which data set to make an example of [%(default)s]')
    parser.add_argument('--seconds', type=_at_least(MIN_SECONDS), metavar='S',
                        help='length of a recording [60, of the office 8 to 20]')
    parser.add_argument('--seed', type=_at_least(0), default=SETTINGS['seed'].default, metavar='K',
                        help='another seed, another data set [%(default)s]')
    parser.add_argument('--formats', nargs='+', choices=FORMATS, default=list(FORMATS), help='[both]')
    parser.add_argument('--n_jobs', '--n-jobs', type=_at_least(-1), default=SETTINGS['n_jobs'].default,
                        metavar='N', help='processes, -1 for one a core [%(default)s]')
    args = parser.parse_args(argv)
    if args.n_jobs == 0:
        parser.error('argument --n_jobs: got 0, expected -1 or at least 1')
    return args


def _at_least(minimum: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        if not text.removeprefix('-').isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f'got {text!r}, expected a whole number, at least {minimum}')
        return int(text)
    return whole_number


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        main()
