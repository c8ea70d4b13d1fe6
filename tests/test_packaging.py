"""The project as a package: what a wheel holds, in a folder that has run."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_a_wheel_holds_the_modules_and_nothing_that_runs_have_left(tmp_path):
    source = tmp_path / 'source'
    left = ('data', 'features', 'models', 'results', 'demo')
    passed_over = shutil.ignore_patterns('.git', '.venv', 'tests', '__pycache__', *left)
    shutil.copytree(ROOT, source, ignore=passed_over)
    for name in left:  # setuptools takes such folders for packages, unless pyproject.toml lists them
        (source / name).mkdir()
        (source / name / 'left.py').touch()
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--no-build-isolation',
                    '--no-index', '--wheel-dir', tmp_path, source], check=True)
    wheel, = tmp_path.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if '.dist-info/' not in name}
        metadata_file, = (name for name in archive.namelist() if name.endswith('/METADATA'))
        metadata = archive.read(metadata_file).decode()
    expected = {path.relative_to(ROOT).as_posix() for folder in ('seldnet', 'metrics', 'misc_files')
                for path in (ROOT / folder).rglob('*.py')} | {path.name for path in ROOT.glob('*.py')}
    assert names == expected
    requirements = [line for line in (ROOT / 'requirements.txt').read_text().splitlines()
                    if line and not line.startswith('#')]
    assert metadata.count('Requires-Dist: ') == len(requirements)
