"""What the variants of the network are worth: trained with several seeds, scored on the unseen fold.

    python benchmarks/variants.py FOLDER                      the demo's network on twice the demo's data
    python benchmarks/variants.py FOLDER --recordings 40 --rounds 30 --seeds 1 2 3 4 5
    python benchmarks/variants.py FOLDER --nb_cnn2d_filt 64   what is not known here goes to seld.py

Makes a data set of `misc_files/synthesize_dataset.py` in FOLDER, its features, and a training for each
variant and seed; scores are those of `calculate_SELD_metrics.py` for the test fold. A run that was stopped
goes on.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
import parameter  # noqa: E402

VARIANTS = parameter.SETTINGS['model_variant'].choices
SCORES = {'ER': 1, 'F': 100, 'DOA': 1, 'FR': 100, 'SELD': 1}  # and what to multiply them with


def main() -> None:
    """Train, score, print the table."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--recordings', type=int, default=12, help='in each of the four folds [12]')
    parser.add_argument('--rounds', type=int, default=10, help='of training [10]')
    parser.add_argument('--seeds', type=int, nargs='+', default=[1, 2, 3])
    args, others = parser.parse_known_args()
    folders = ['--dataset_dir', args.folder / 'data', '--feat_label_dir', args.folder / 'features']
    run('misc_files/synthesize_dataset.py', args.folder / 'data', '--recordings', args.recordings,
        '--eval_recordings', 1, '--formats', 'foa')
    run('batch_feature_extraction.py', 'demo', *folders)
    scores = {}
    for seed in args.seeds:
        for variant in VARIANTS:
            results = args.folder / f'results_{variant}_{seed}'
            run('seld.py', 'demo', f'{variant}_{seed}', '--split', 1, '--resume', *folders, '--model_dir',
                args.folder / 'models', '--dcase_dir', results, '--model_variant', variant, '--seed', seed,
                '--nb_epochs', args.rounds, '--patience', args.rounds, *others)
            run('calculate_SELD_metrics.py', '--task', 'demo', '--dataset_dir', args.folder / 'data',
                '--dcase_dir', results, '--allow-missing', '--json', results / 'scores.json', quiet=True)
            of_all = json.loads((results / 'scores.json').read_text())['groups']['all']['2019']
            scores.setdefault(variant, []).append([of_all[name] * unit for name, unit in SCORES.items()])
    print(f'\nTest fold of {args.recordings} recordings, {args.rounds} rounds, {len(args.seeds)} seeds: mean '
          '(lowest to highest)')
    print(f'{"":10}' + ''.join(f'{name:>22}' for name in SCORES))
    for variant, rows in scores.items():
        columns = zip(np.mean(rows, axis=0), np.min(rows, axis=0), np.max(rows, axis=0))
        print(f'{variant:10}' + ''.join(f'{f"{mean:.3g} ({low:.3g} to {high:.3g})":>22}'
                                        for mean, low, high in columns))


def run(script: str, *arguments, quiet: bool = False) -> None:
    """Run a script of the project; its failure is ours."""
    subprocess.run([sys.executable, ROOT / script, *map(str, arguments)], check=True,
                   stdout=subprocess.DEVNULL if quiet else None)


if __name__ == '__main__':
    main()
