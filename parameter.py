"""What a user edits: the settings with their defaults, and the tasks.

    params = get_params('4')                      # a task by its id: Ambisonic recordings, development mode
    params = get_params('4', quick_test=False)    # the same with a setting changed

On a script's command line each setting is `--NAME VALUE`, and `--config FILE` takes settings from a file; a
task of one's own is a new entry of `TASKS`. The command line wins over the file, the file over the task.
The facts of the data set stand in seldnet/annotations/dataset.py.
"""

import argparse
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from seldnet.annotations.dataset import FORMATS, MODES
from seldnet.annotations.output_format import SETTINGS_FILE
from seldnet.annotations.saved_settings import read_settings
from seldnet.common import settings
from seldnet.common.config_file import read_settings_file
from seldnet.common.errors import InputError
from seldnet.common.settings import Setting
from seldnet.extraction.features import DTYPES
from seldnet.methods.registry import METHODS
from seldnet.training.schedules import SCHEDULES

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
                    choices=MODES),
    # features
    'feature_dtype': Setting(None, 'type of the stored features; None: float32, of mel for mic float16',
                             choices=DTYPES, kind=str),
    'save_spectra': Setting(False, 'also store the raw complex spectra, as 2019 did (98 MB a recording)'),
    'n_jobs': Setting(-1, 'processes that extract features, -1 for one a core', minimum=-1),
    # network
    'model_variant': Setting('released', 'released: the network of 2019, quirks included; paper: that of the '
                             "paper's figure; accdoa: a method that localises", choices=METHODS),
    'sequence_length': Setting(128, 'frames (20 ms) in a sequence', minimum=1),
    'batch_size': Setting(16, 'sequences in a batch', minimum=1),
    'dropout_rate': Setting(0.0, 'share of the activations dropped in training', minimum=0, maximum=0.99),
    'nb_cnn2d_filt': Setting(64, 'filters of each convolution', minimum=1),
    'pool_size': Setting([8, 8, 4], 'pooling along frequency, one number a convolution', minimum=1),
    'rnn_size': Setting([128, 128], 'units of each recurrent layer', minimum=1),
    'fnn_size': Setting([128], 'units of each dense layer of both heads', minimum=1),
    # training
    'initial_model': Setting(None, 'a trained model (..._model.keras) whose weights a new run starts with, '
                             'as far as its layers have the same names and sizes', kind=str),
    'loss_weights': Setting([1.0, 50.0], 'weights of the detection and of the direction loss', minimum=0),
    'learning_rate': Setting(1e-3, 'learning rate of Adam', minimum=1e-12),
    'schedule': Setting('constant', 'of the learning rate over the rounds: constant, or cosine: up in the '
                        'first twentieth, then down to nothing', choices=SCHEDULES),
    'rotate': Setting(False, 'rotate sequences in training by exchanging channels (features mel)'),
    'test_rotations': Setting(False, 'average test predictions over all such rotations: foa 16, mic 8 times '
                              'the time'),
    'nb_epochs': Setting(50, 'rounds of training at most; a round is epochs_per_fit epochs', minimum=1),
    'epochs_per_fit': Setting(5, 'epochs in a round', minimum=1),
    'patience': Setting(None, 'stop after more than this many rounds without a better SELD score; None: a '
                        'tenth of nb_epochs, with schedule cosine never', minimum=0, kind=int),
    'mixed_precision': Setting('float32', "Keras' precision policy for training",
                               choices=('float32', 'mixed_bfloat16', 'mixed_float16')),
    'tensorboard': Setting(False, 'write TensorBoard logs beside the models'),
    'seed': Setting(2019, 'seed of everything random', minimum=0, maximum=2**31),
    # what is written
    'threshold': Setting(None, 'activity from which a class is active: NUMBER, or CLASS=NUMBER for some; '
                         "None: the method's", kind=list, element=str),
    'save_scores': Setting(False, 'also write activities and directions of all classes, NAME.npz beside each '
                           'NAME.csv'),
    'dcase_output': Setting(True, "write the test recordings' predictions as the CSV files of DCASE 2019"),
}

DEMO = {'quick_test': False, 'dataset_dir': 'demo/data/', 'feat_label_dir': 'demo/features/',
        'model_dir': 'demo/models/', 'dcase_dir': 'demo/results/'}  # that the tasks of the demo share

# What a task changes of the defaults. Add your own here.
TASKS: dict[str, dict[str, Any]] = {
    '1': {},
    '2': {'dataset': 'mic', 'mode': 'dev'},
    '3': {'dataset': 'mic', 'mode': 'eval'},
    '4': {'dataset': 'foa', 'mode': 'dev'},
    '5': {'dataset': 'foa', 'mode': 'eval'},
    # The method that localises, in the same order.
    '6': {'model_variant': 'accdoa', 'dataset': 'foa', 'mode': 'dev'},
    '7': {'model_variant': 'accdoa', 'dataset': 'foa', 'mode': 'eval'},
    '8': {'model_variant': 'accdoa', 'dataset': 'mic', 'mode': 'dev'},
    '9': {'model_variant': 'accdoa', 'dataset': 'mic', 'mode': 'eval'},
    '999': {'quick_test': True, 'epochs_per_fit': 1},
    # `make demo`: networks small enough for two cores, on the data set of misc_files/synthesize_dataset.py.
    'demo': DEMO | {
        'model_variant': 'paper', 'learning_rate': 3e-3, 'sequence_length': 64, 'batch_size': 8,
        'nb_cnn2d_filt': 16, 'rnn_size': [32, 32], 'fnn_size': [32],
        'nb_epochs': 4, 'epochs_per_fit': 2, 'patience': 4,
    },
    'demo_accdoa': DEMO | {'model_variant': 'accdoa', 'nb_epochs': 18, 'epochs_per_fit': 5},
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

    Examples
    --------
    >>> get_params('2')['dataset'], get_params('2', nb_epochs=100)['patience']
    ('mic', 10)
    """
    if str(task_id) not in TASKS:
        raise InputError(f'unknown task id {str(task_id)!r}, expected one of {", ".join(TASKS)}')
    chosen = settings.checked_settings(SETTINGS, TASKS[str(task_id)] | overrides)
    method = METHODS[chosen.get('model_variant', SETTINGS['model_variant'].default)]
    defaults = {name: setting.default for name, setting in SETTINGS.items()} | method.defaults
    params = settings.checked_settings(SETTINGS, defaults) | chosen
    if params['feature_dtype'] is None:
        params['feature_dtype'] = method.kind.usual_dtype(params['dataset'])
    if params['patience'] is None:  # a learning rate that falls brings most at the end
        is_constant = params['schedule'] == 'constant'
        params['patience'] = int(0.1 * params['nb_epochs']) if is_constant else params['nb_epochs']
    if len(params['loss_weights']) != 2:
        raise InputError(f'setting loss_weights: got {params["loss_weights"]}, expected two numbers, '
                         'of detection and direction')
    return params


def add_settings(parser: argparse.ArgumentParser, names: Iterable[str] = tuple(SETTINGS)) -> None:
    """Give a script's parser `--config FILE`, and `--NAME VALUE` for each of the settings `names`."""
    parser.add_argument('--config', type=Path, metavar='FILE',
                        help='settings from a file: the .json beside a model, or a .toml with NAME = VALUE')
    settings.add_settings(parser, SETTINGS, names)


def add_task_option(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """`--task ID`, whose folders are a tool's defaults, and options for the settings `names`."""
    parser.add_argument('--task', default='1', choices=tuple(TASKS), metavar='ID',
                        help='task of parameter.py whose folders are the defaults [%(default)s]')
    add_settings(parser, names)


def add_task_argument(parser: argparse.ArgumentParser, *, with_job: bool = False) -> None:
    """The task (and the job) as arguments, as in 2019, or as `--task` (and `--job`), as of the tools."""
    parser.add_argument('task_id', nargs='?', metavar='task-id', help='a task of parameter.py [1]')
    if with_job:
        parser.add_argument('job_id', nargs='?', metavar='job-id', help='a name for this run [1]')
        parser.add_argument('--job', metavar='NAME', help='the same')
    parser.add_argument('--task', metavar='ID', help='the same as task-id')


def parse_task(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """What `add_task_argument` has added, as `task_id` and `job_id`; given twice it must be the same."""
    args = parser.parse_args(arguments)
    if args.task not in (None, args.task_id) and 'job' in args and args.job_id is None and args.job is None:
        args.task_id, args.job_id = None, args.task_id  # --task 4 first
    for name in ('task', *(['job'] if 'job' in args else [])):
        argument, option = getattr(args, f'{name}_id'), getattr(args, name)
        if argument is not None and option is not None and argument != option:
            parser.error(f'--{name}: got {option!r}, but {name}-id {argument!r}, expected one of them')
        setattr(args, f'{name}_id', argument or option or '1')
    if 'job' in args and not re.fullmatch(r'[\w.-]+', args.job_id):
        parser.error(f'job-id: got {args.job_id!r}, expected letters, digits, ".", "-", "_": it names files')
    return args


def params_given(args: argparse.Namespace, task_id: str | int, *,
                 predictions: Path | None = None) -> dict[str, Any]:
    """The settings of a task, of the file that `--config` names, and of the command line; the later win.

    With a folder of `predictions`, or one of its files, the format, mode and data of the job that wrote it
    stand for the task's, as its `settings.json` says: a tool needs to be told neither the task nor a folder.
    """
    chosen = _settings_beside(predictions) if predictions else {}
    if args.config:
        chosen |= read_settings_file(args.config, SETTINGS)
    return get_params(task_id, **(chosen | settings.settings_given(args, SETTINGS)))


def _settings_beside(predictions: Path) -> dict[str, Any]:
    path = (predictions if predictions.is_dir() else predictions.parent) / SETTINGS_FILE
    if not path.is_file():
        return {}
    params = read_settings(path, remedy='remove it, and name task and folders')['params']
    chosen = {name: params[name] for name in ('dataset', 'mode', 'dataset_dir') if name in params}
    if not Path(chosen.get('dataset_dir', '.')).is_dir():  # trained elsewhere
        del chosen['dataset_dir']
    return chosen


def command_line(args: argparse.Namespace, names: Iterable[str] = tuple(SETTINGS)) -> list[str]:
    """The words that give another script the settings `names` as far as they stood on this command line."""
    table = {name: SETTINGS[name] for name in SETTINGS if name in set(names)}
    config = ['--config', str(args.config)] if args.config else []
    return [*config, *settings.options_given(args, table)]
