"""What the tests of `seld.py` share: how a run is called, and what it leaves."""

import csv

NAME = '1_job_foa_dev_split1'


class KilledError(BaseException):
    """Stands for a kill: nothing catches it."""


def options(settings):
    return [word for name, value in settings.items()
            for word in (f'--{name}', *(map(str, value) if isinstance(value, list) else [str(value)]))]


def history(tmp_path, name=NAME):
    with (tmp_path / 'models' / f'{name}_metrics.csv').open() as file:
        return list(csv.DictReader(file))


def without_times(rows):
    return [{**row, 'seconds': None} for row in rows]


def predictions(folder, pattern='*.csv'):
    return {path.name: path.read_bytes() for path in folder.glob(pattern)}
