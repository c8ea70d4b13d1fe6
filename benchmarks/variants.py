"""What the methods are worth: trained with several seeds, scored on the unseen fold of the demo's data.

    python benchmarks/variants.py FOLDER                                all systems, three seeds: an hour
    python benchmarks/variants.py FOLDER --systems accdoa accdoa_mic    two of them
    python benchmarks/variants.py FOLDER --seeds 1 --nb_cnn2d_filt 32   what is not known here goes to seld.py

Makes the data set of `make demo` in FOLDER (both formats), its features, and a training for each system and
seed, with the settings of the tasks `demo` (but `LONGER`) and `demo_accdoa`; scores are those of
`calculate_SELD_metrics.py` for the test fold. Training time is that of the rounds, validation included;
memory is the largest resident set of the training. A run that was stopped goes on (its time and memory are
then those of the last part).
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SCORES = {'ER': ('2019', 'ER', 1), 'F': ('2019', 'F', 100), 'DOA': ('2019', 'DOA', 1),
          'FR': ('2019', 'FR', 100),
          'F20': ('macro', 'F', 100), 'LE': ('macro', 'LE', 1), 'LR': ('macro', 'LR', 100)}


class System(NamedTuple):
    """What is trained: a task and what differs from it."""

    task: str
    audio_format: str
    settings: Sequence[Any] = ()


# Rounds of two epochs, and sequences of 2019's length; the demo's are to end within its ten minutes.
LONGER = ('--nb_epochs', 8, '--sequence_length', 128, '--batch_size', 4)
SYSTEMS = {
    'released': System('demo', 'foa', ('--model_variant', 'released', *LONGER)),
    'paper': System('demo', 'foa', LONGER),
    'accdoa': System('demo_accdoa', 'foa'),
    'accdoa_mic': System('demo_accdoa', 'mic'),
}


def main() -> None:
    """Train, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--systems', nargs='+', choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument('--seeds', type=int, nargs='+', default=[1, 2, 3])
    args, others = parser.parse_known_args()
    run('misc_files/synthesize_dataset.py', args.folder / 'data')
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in args.systems}
    for seed in args.seeds:
        for name in args.systems:
            rows[name].append(train_and_score(args.folder, name, seed, others))
            print_table(rows)


def train_and_score(folder: Path, name: str, seed: int, others: Sequence[str]) -> dict[str, float]:
    """Scores, seconds and MB of one training."""
    system = SYSTEMS[name]
    data = ['--dataset_dir', folder / 'data', '--feat_label_dir', folder / 'features',
            '--dataset', system.audio_format]
    run('batch_feature_extraction.py', system.task, *data)
    results, job = folder / f'results_{name}_{seed}', f'{name}_{seed}'
    megabytes = run('seld.py', system.task, job, '--split', 1, '--resume', *data,
                    '--model_dir', folder / 'models', '--dcase_dir', results, '--seed', seed,
                    *system.settings, *others)
    run('calculate_SELD_metrics.py', '--task', system.task, '--dataset', system.audio_format,
        '--dataset_dir', folder / 'data', '--dcase_dir', results, '--allow-missing',
        '--json', results / 'scores.json', quiet=True)
    scores = json.loads((results / 'scores.json').read_text())['groups']['all']
    families = {'2019': scores['2019'], 'macro': scores['joint']['macro']}
    state = f'{system.task}_{job}_{system.audio_format}_dev_split1_state.json'
    history = json.loads((folder / 'models' / state).read_text())['history']
    values = {title: (families[family][score], unit) for title, (family, score, unit) in SCORES.items()}
    # Where nothing is predicted there is no DOA error.
    return ({title: np.nan if value is None else value * unit for title, (value, unit) in values.items()}
            | {'seconds': sum(scores['seconds'] for scores in history), 'MB': megabytes})


def print_table(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Mean (lowest to highest) of each system over its seeds."""
    print(f'\nUnseen fold of the demo, {max(map(len, rows.values()))} seeds: mean (lowest to highest)')
    for name, of_system in rows.items():
        if of_system:
            cells = []
            for title in of_system[0]:
                values = [row[title] for row in of_system]
                cells.append(f'{title} {np.mean(values):.3g} ({min(values):.3g} to {max(values):.3g})')
            print(f'{name:12} {"; ".join(cells)}', flush=True)


def run(script: str, *arguments, quiet: bool = False) -> float:
    """Run a script of the project; its failure is ours. Returns the MB of its largest resident set."""
    process = subprocess.Popen([sys.executable, ROOT / script, *map(str, arguments)],
                               stdout=subprocess.DEVNULL if quiet else None)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f'{script} failed')
    return usage.ru_maxrss / 1024


if __name__ == '__main__':
    main()
