"""The facts of the data set and the settings of the baseline.

Everything that more than one room of the project must agree on stands here once: the classes, the grid of
directions, the frames, the folds, the grammar of recording names, and every setting with its default. The
standard library is all that it needs.

    params = get_params('4')                      # a task by its id: Ambisonic recordings, development mode
    params = get_params('4', quick_test=False)    # the same with a setting changed

A task of one's own is a new entry of `TASKS`; on a script's command line each setting is `--NAME VALUE`.
"""

import argparse
import contextlib
import difflib
import errno
import glob
import io
import json
import math
import os
import re
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# ------------------------------------------------------------------------------------------------------------
# Facts: TAU Spatial Sound Events 2019 (arXiv 1905.08546) and how SELDnet (arXiv 1807.00129) looks at it
# ------------------------------------------------------------------------------------------------------------

CLASSES = ('knock', 'drawer', 'clearthroat', 'phone', 'keysDrop', 'speech', 'keyboard', 'pageturn', 'cough',
           'doorslam', 'laughter')  # a class's index is its place here
NB_CLASSES = len(CLASSES)

GRID_STEP_DEG = 10
AZIMUTHS_DEG = tuple(range(-180, 180, GRID_STEP_DEG))  # counter-clockwise, +90 is left
ELEVATIONS_DEG = tuple(range(-40, 41, GRID_STEP_DEG))  # upwards
INACTIVE_AZIMUTH_DEG = 180  # where a class is silent: a direction that the grid does not contain
INACTIVE_ELEVATION_DEG = 50

SAMPLE_RATE_HZ = 48000
NB_CHANNELS = 4
RECORDING_S = 60  # recordings are cut or zero-padded to this

HOP_LENGTH = 960  # samples, 20 ms: one frame
WIN_LENGTH = 2 * HOP_LENGTH
NFFT = 2048  # the next power of two
NB_BINS = NFFT // 2  # without bin 0 (DC)
NB_FRAMES_1S = SAMPLE_RATE_HZ // HOP_LENGTH
HOP_LENGTH_S = HOP_LENGTH / SAMPLE_RATE_HZ
NB_FRAMES = RECORDING_S * NB_FRAMES_1S

FORMATS = ('foa', 'mic')  # first-order Ambisonics (W, Y, Z, X), tetrahedral microphone array (M1..M4)


class Fold(NamedTuple):
    """One cross-validation run: the splits that it tests, validates and trains on."""

    test: tuple[int, ...]
    val: tuple[int, ...]
    train: tuple[int, ...]


FOLDS = {
    'dev': (
        Fold(test=(1,), val=(2,), train=(3, 4)),
        Fold(test=(2,), val=(3,), train=(4, 1)),
        Fold(test=(3,), val=(4,), train=(1, 2)),
        Fold(test=(4,), val=(1,), train=(2, 3)),
    ),
    'eval': (Fold(test=(0,), val=(1,), train=(2, 3, 4)),),
}


class RecordingName(NamedTuple):
    """What a recording's name says; room and overlap (most events at once) are None where it is silent."""

    split: int
    room: int | None
    overlap: int | None
    number: int


_NAME = re.compile(r'split(\d+)(?:_ir(\d+))?(?:_ov(\d+))?_(\d+)', re.ASCII)
NAME_GRAMMAR = 'split{S}_ir{R}_ov{O}_{N} or split{S}_{N}'


def parse_recording_name(name: str | Path) -> RecordingName:
    """Read split, room, overlap and running number from a recording's name or path (folder and ending aside).

    >>> parse_recording_name('foa_dev/split1_ir0_ov2_17.wav')
    RecordingName(split=1, room=0, overlap=2, number=17)

    Raises
    ------
    InputError
        If the name does not follow the grammar of the data set.
    """
    found = _NAME.fullmatch(Path(name).stem)
    if not found:
        raise InputError(f'{name}: not a recording name of the data set, expected {NAME_GRAMMAR}')
    return RecordingName(*(None if number is None else int(number) for number in found.groups()))


def is_recording_name(name: str | Path) -> bool:
    """Whether `parse_recording_name` can read the name."""
    return _NAME.fullmatch(Path(name).stem) is not None


def recording_order(name: str | Path) -> tuple[str, str]:
    """Sorting key of recordings: by name (as 2019 did: plain text, so _10 comes before _2)."""
    return Path(name).stem, str(name)


# ------------------------------------------------------------------------------------------------------------
# Settings
# ------------------------------------------------------------------------------------------------------------


class Setting(NamedTuple):
    """Default, meaning and legal values of a setting; its type is its default's, or `kind` if None."""

    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple | None = None
    kind: type | None = None

    @property
    def type(self) -> type:
        return self.kind or type(self.default)


SETTINGS = {
    'quick_test': Setting(True, 'only see that everything runs: 2 rounds on 2 batches, meaningless scores'),
    # where things are
    'dataset_dir': Setting('data/', 'folder with foa_dev/, mic_dev/, metadata_dev/, foa_eval/, mic_eval/'),
    'feat_label_dir': Setting('features/', 'folder for features and labels'),
    'model_dir': Setting('models/', 'folder for models, training curves and histories'),
    'dcase_dir': Setting('results/', "folder for the recordings' predictions"),
    # which recordings
    'dataset': Setting('foa', 'format: foa (Ambisonics) or mic (microphone array)', choices=FORMATS),
    'mode': Setting('dev', 'dev: the four development folds; eval: train on them, predict the evaluation set',
                    choices=tuple(FOLDS)),
    # features
    'feature_dtype': Setting('float32', 'type of the stored features', choices=('float32', 'float16')),
    'save_spectra': Setting(False, 'also store the raw complex spectra, as 2019 did (98 MB a recording)'),
    'n_jobs': Setting(-1, 'processes that extract features, -1 for one a core', minimum=-1),
    # network
    'model_variant': Setting('released', "released: the network of 2019, quirks included; paper: as in the "
                             "paper's figure", choices=('released', 'paper')),
    'sequence_length': Setting(128, 'frames (20 ms) in a sequence', minimum=1),
    'batch_size': Setting(16, 'sequences in a batch', minimum=1),
    'dropout_rate': Setting(0.0, 'share of the activations dropped in training', minimum=0, maximum=0.99),
    'nb_cnn2d_filt': Setting(64, 'filters of each convolution', minimum=1),
    'pool_size': Setting([8, 8, 4], 'pooling along frequency, one number a convolution', minimum=1),
    'rnn_size': Setting([128, 128], 'units of each recurrent layer', minimum=1),
    'fnn_size': Setting([128], 'units of each dense layer of both heads', minimum=1),
    # training
    'loss_weights': Setting([1.0, 50.0], 'weights of the detection and of the direction loss', minimum=0),
    'learning_rate': Setting(1e-3, 'learning rate of Adam', minimum=1e-12),
    'nb_epochs': Setting(50, 'rounds of training at most; a round is epochs_per_fit epochs', minimum=1),
    'epochs_per_fit': Setting(5, 'epochs in a round', minimum=1),
    'patience': Setting(None, 'stop after more than this many rounds without a better SELD score; None: a '
                        'tenth of nb_epochs', minimum=0, kind=int),
    'mixed_precision': Setting('float32', "Keras' precision policy for training",
                               choices=('float32', 'mixed_bfloat16', 'mixed_float16')),
    'tensorboard': Setting(False, 'write TensorBoard logs beside the models'),
    'seed': Setting(2019, 'seed of everything random', minimum=0, maximum=2**31),
    # what is written
    'dcase_output': Setting(True, "write the test recordings' predictions as the CSV files of DCASE 2019"),
}

# What a task changes of the defaults. Add your own here.
TASKS: dict[str, dict[str, Any]] = {
    '1': {},
    '2': {'dataset': 'mic', 'mode': 'dev'},
    '3': {'dataset': 'mic', 'mode': 'eval'},
    '4': {'dataset': 'foa', 'mode': 'dev'},
    '5': {'dataset': 'foa', 'mode': 'eval'},
    '999': {'quick_test': True, 'epochs_per_fit': 1},
    # `make demo`: a network small enough for two cores, on the data set of misc_files/synthesize_dataset.py.
    'demo': {
        'quick_test': False, 'dataset_dir': 'demo/data/', 'feat_label_dir': 'demo/features/',
        'model_dir': 'demo/models/', 'dcase_dir': 'demo/results/', 'model_variant': 'paper',
        'learning_rate': 3e-3, 'batch_size': 4, 'nb_cnn2d_filt': 16, 'rnn_size': [32, 32], 'fnn_size': [32],
        'nb_epochs': 14, 'epochs_per_fit': 2, 'patience': 14,
    },
}


def get_params(task_id: str | int = '1', **overrides: Any) -> dict[str, Any]:
    """The settings of a task.

    Parameters
    ----------
    task_id : str or int
        A key of `TASKS`.
    **overrides
        Settings that differ from the task's.

    Returns
    -------
    dict
        Every key of `SETTINGS` with its value.

    Raises
    ------
    InputError
        If the task or a setting is unknown, or a value is of the wrong type or out of range.
    """
    if str(task_id) not in TASKS:
        raise InputError(f'unknown task id {str(task_id)!r}, expected one of {", ".join(TASKS)}')
    params = {name: setting.default for name, setting in SETTINGS.items()} | TASKS[str(task_id)] | overrides
    params = {name: _checked_setting(name, value) for name, value in params.items()}
    if params['patience'] is None:
        params['patience'] = int(0.1 * params['nb_epochs'])
    if len(params['loss_weights']) != 2:
        raise InputError(f'setting loss_weights: got {params["loss_weights"]}, expected two numbers, '
                         'of detection and direction')
    return params


def predictions_folder(task_id: str | int, params: Mapping[str, Any]) -> Path:
    """Where `seld.py` writes the predictions of a task, and the other scripts look for them."""
    return Path(params['dcase_dir']) / f'{task_id}_{params["dataset"]}_{params["mode"]}'


def references_folder(params: Mapping[str, Any]) -> Path:
    """Where the descriptions of a task's recordings are."""
    return Path(params['dataset_dir']) / f'metadata_{params["mode"]}'


OUTPUT_SETTINGS = 'settings.json'  # in a folder of predictions: the task, job and settings they come from


def _checked_setting(name: str, value: Any) -> Any:
    """The value in the setting's own type (an int is a fine float, a tuple a fine list), or an InputError."""
    if name not in SETTINGS:
        raise InputError(f'unknown setting {name!r}{_did_you_mean(name, SETTINGS)}')
    setting = SETTINGS[name]
    if value is None and setting.default is None:
        return None
    if setting.type is list:
        if not isinstance(value, Sequence) or isinstance(value, str) or not value:
            raise InputError(f'setting {name}: got {value!r}, expected a list of numbers')
        element = type(setting.default[0])
        return [_checked_value(name, setting, item, element) for item in value]
    if setting.type is str and isinstance(value, Path):
        value = str(value)
    return _checked_value(name, setting, value, setting.type)


def _checked_value(name: str, setting: Setting, value: Any, expected: type) -> Any:
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, expected) or isinstance(value, bool) != (expected is bool):
        raise InputError(f'setting {name}: got {value!r}, expected {_TYPE_NAMES[expected]}')
    if expected is float and not math.isfinite(value):
        raise InputError(f'setting {name}: got {value!r}, expected a finite number')
    if setting.choices and value not in setting.choices:
        raise InputError(f'setting {name}: got {value!r}, expected one of {", ".join(setting.choices)}')
    if setting.minimum is not None and value < setting.minimum:
        raise InputError(f'setting {name}: got {value!r}, expected at least {setting.minimum}')
    if setting.maximum is not None and value > setting.maximum:
        raise InputError(f'setting {name}: got {value!r}, expected at most {setting.maximum}')
    return value


_TYPE_NAMES = {bool: 'True or False', int: 'a whole number', float: 'a number', str: 'text'}


def _did_you_mean(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f', did you mean {close[0]!r}?' if close else f', expected one of {", ".join(known)}'


# ------------------------------------------------------------------------------------------------------------
# What every room and script shares: errors, whole files, command lines
# ------------------------------------------------------------------------------------------------------------


class InputError(ValueError):
    """Something that a user gave (a file, a setting, an argument) is not what it must be.

    The message is one line: the file (and line), what was found, what was expected and, if any, the remedy.
    """


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place if the block ends well, and else vanishes.

    Readers see the old file or the new one, never a part of either. The temporary name keeps the ending,
    since libraries choose a format by it, and starts with `TEMPORARY_PREFIX` and the stem of `path`, so that
    listings pass it over, and the owner of `path` can clear what a killed process has left. Of a link, the
    file that it leads to is replaced; a pipe or a device (/dev/stdout) is an InputError.
    """
    check_regular_file(path)
    temporary = None
    target = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(prefix=f'{TEMPORARY_PREFIX}{target.stem}-', suffix=target.suffix,
                                        dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_UMASK)  # mkstemp's files are for their owner's eyes only
        temporary.replace(target)
    except OSError as error:  # tells of the temporary file, of none at all, or of one that is copied
        is_full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
        told = Path(error.filename or TEMPORARY_PREFIX).name
        if not is_full and not told.startswith(TEMPORARY_PREFIX):
            raise
        reason = error.strerror or f'cannot be written ({error}); is the disk full?'
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def clear_leftovers(folder: str | Path, stem: str = '') -> None:
    """Remove what killed processes left half-written in a folder, of files whose names start with `stem`."""
    for path in Path(folder).glob(f'{TEMPORARY_PREFIX}{glob.escape(stem)}*'):
        path.unlink(missing_ok=True)


TEMPORARY_PREFIX = '.partial-'
_UMASK = os.umask(0)
os.umask(_UMASK)


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as indented JSON, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def read_json(path: str | Path) -> Any:
    """Read a JSON file; an InputError names the file and the place where it breaks off."""
    check_regular_file(path)
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise InputError(f'{path}: not a JSON file: {error}') from error


def check_regular_file(path: str | Path) -> None:
    """Raise an InputError for a pipe or a device: to read one may never end, to replace one is no writing.

    What is missing, a folder or not to be read is the system's to tell.
    """
    with contextlib.suppress(OSError):
        mode = Path(path).stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError(f'{path}: a pipe or a device, expected a file')


def script_parser(description: str | None, **options: Any) -> argparse.ArgumentParser:
    """The parser of a script: its text stands as it was written, and options are to be spelled out."""
    return argparse.ArgumentParser(description=description, allow_abbrev=False,
                                   formatter_class=argparse.RawDescriptionHelpFormatter, **options)


def add_settings(parser: argparse.ArgumentParser, names: Sequence[str] = tuple(SETTINGS)) -> None:
    """Give a script's parser an option `--NAME VALUE` for each of the settings `names`."""
    group = parser.add_argument_group('settings of parameter.py, for this run')
    for name in names:
        setting = SETTINGS[name]
        element = type(setting.default[0]) if setting.type is list else setting.type
        options = {
            'dest': name, 'default': argparse.SUPPRESS, 'type': _parse_bool if element is bool else element,
            'nargs': '+' if setting.type is list else None,
            'metavar': '{' + ','.join(setting.choices) + '}' if setting.choices else element.__name__.upper(),
        }
        group.add_argument(f'--{name}', help=f'{setting.help} [{setting.default}]', **options)
        if '_' in name:
            group.add_argument(f'--{name.replace("_", "-")}', **(options | {'help': argparse.SUPPRESS}))


def settings_given(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that stood on the command line, for `get_params(task_id, **settings_given(args))`."""
    return {name: value for name, value in vars(args).items() if name in SETTINGS}


def _parse_bool(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise argparse.ArgumentTypeError(f'got {text!r}, expected True or False')
    return _BOOLEANS[text.lower()]


_parse_bool.__name__ = 'True or False'
_BOOLEANS = {'true': True, 'yes': True, '1': True, 'false': False, 'no': False, '0': False}


@contextlib.contextmanager
def stderr_held_back() -> Iterator[None]:
    """Around imports that talk to stderr (TensorFlow about its build): nothing of it is shown."""
    try:
        stderr = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    with Path(os.devnull).open('wb') as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


@contextlib.contextmanager
def exit_with_one_line(script: str | Path) -> Iterator[None]:
    """Around a script's main: what a user can mend ends in one line on stderr and exit status 1.

    A script that is interrupted (Ctrl-C, status 130) or terminated (SIGTERM, as by a cluster's queue, 143)
    clears up and ends in a line as well.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')  # as stderr: names may have letters that it has not
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        try:
            yield
        except SystemExit:
            _flush_stdout()
            raise
        _flush_stdout()
    except InputError as error:
        raise SystemExit(_error_line(script, str(error))) from None
    except BrokenPipeError:  # the reader of our output (`| head`) has gone
        raise SystemExit(1) from None
    except OSError as error:
        where = f'{error.filename}: ' if error.filename else ''
        raise SystemExit(_error_line(script, f'{where}{error.strerror or error}')) from None
    except UnicodeEncodeError as error:
        raise SystemExit(_error_line(script, f'{error.object!r}: not UTF-8; rename the file')) from None
    except MemoryError as error:
        raise SystemExit(_error_line(script, f'out of memory: {error}')) from None
    except KeyboardInterrupt:
        sys.stderr.write('\ninterrupted\n')
        raise SystemExit(130) from None
    except _TerminatedError:
        sys.stderr.write('\nterminated\n')
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        try:
            _flush_stdout()
        except OSError:  # was told above; Python would try once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _TerminatedError(BaseException):
    """SIGTERM; like KeyboardInterrupt no `except Exception` catches it."""


def _raise_terminated(*_: Any) -> None:
    raise _TerminatedError


def _flush_stdout() -> None:
    """A full disk, or a reader that has gone, shows here at the latest."""
    try:
        print(end='', flush=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, 'standard output') from error


def _error_line(script: str | Path, message: str) -> str:
    """The line; control characters, which names of files may contain, are escaped.

    But for the line breaks of messages that list several problems, which are indented.
    """
    message = re.sub(r'\n(?!  )|[^\n -~\xa0-\U0010ffff]', lambda found: repr(found[0])[1:-1], message)
    return f'{Path(script).name}: error: {message}'
