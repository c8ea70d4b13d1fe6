"""What a training runs on: the devices that Keras' backend sees, and a GPU that it does not."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SHARED_DEVICES = 'GPU'  # the kind of TensorFlow's devices that a training is spread over


def backend_gpus(backend: str) -> list[str]:
    """The GPUs that a backend sees, or what it has instead of them (TPUs).

    Parameters
    ----------
    backend : {'tensorflow', 'jax', 'torch'}
        Its package is loaded.

    Returns
    -------
    list of str
        Names of their models, as far as the backend tells them.
    """
    package = importlib.import_module(backend)
    if backend == 'tensorflow':
        physical = package.config.list_physical_devices(SHARED_DEVICES)
        logical = package.config.list_logical_devices(SHARED_DEVICES)
        if len(physical) != len(logical):  # one is divided into several
            return [device.name for device in logical]
        details = map(package.config.experimental.get_device_details, physical)
        return [detail.get('device_name', device.name) for detail, device in zip(details, physical)]
    if backend == 'jax':
        return [device.device_kind for device in package.devices() if device.platform != 'cpu']
    if package.backends.mps.is_available():
        return ['Apple GPU']
    return [package.cuda.get_device_name(number) for number in range(package.cuda.device_count())]


def used_devices(backend: str, gpus: Sequence[str]) -> list[str]:
    """Of the GPUs that a backend sees, those that a training uses.

    Parameters
    ----------
    backend : str
    gpus : sequence of str
        As of `backend_gpus`.

    Returns
    -------
    list of str
        All with TensorFlow, which shares out the batches; else the first; empty for the processor.
    """
    return list(gpus if backend == 'tensorflow' else gpus[:1])


def machine_gpu(devices: Path = Path('/dev'), list_gpus: Callable[[], str] | None = None) -> str | None:
    """Whether the machine has an NVIDIA GPU, whatever a backend sees.

    Parameters
    ----------
    devices : Path
        Folder of the system's devices.
    list_gpus : function, optional
        -> what `nvidia-smi -L` prints; by default it is run.

    Returns
    -------
    str or None
        What shows it; None where nothing does.
    """
    if devices.is_dir():
        for path in sorted(devices.glob('nvidia[0-9]*')):
            return str(path)
    found = re.search(r'^GPU \d+: (.*?)(?: \(UUID.*)?$', (list_gpus or _nvidia_smi)(), re.MULTILINE)
    return f'nvidia-smi lists {found[1]}' if found else None


def _nvidia_smi() -> str:
    program = shutil.which('nvidia-smi')
    if program is None:
        return ''
    try:
        return subprocess.run([program, '-L'], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return ''


def device_lines(versions: Mapping[str, str], gpus: Sequence[str], precision: str, *, nb_cores: int,
                 unseen_gpu: str | None, environment: Mapping[str, str] = os.environ,
                 platform: str = sys.platform) -> list[str]:
    """What a training says first: backend, devices, cores, precision; and a warning about a GPU left idle.

    Parameters
    ----------
    versions : mapping
        With 'backend', its name, and its version under that name.
    gpus : sequence of str
        That the backend sees.
    precision : str
        As of the setting mixed_precision.
    nb_cores : int
        That this process may use.
    unseen_gpu : str or None
        As of `machine_gpu`; only asked for where `gpus` is empty.
    environment : mapping
        Of the process.
    platform : str
        As of `sys.platform`.

    Returns
    -------
    list of str
        One line, and perhaps a warning.
    """
    backend = versions['backend']
    used = used_devices(backend, gpus)
    devices = _numbered(used) if used else 'the processor (no GPU)'
    if len(used) > 1:
        devices += ', which share the batches'
    elif len(used) < len(gpus):
        devices += f', the first of {len(gpus)} (TensorFlow would use all)'
    lines = [f'Training with {backend} {versions[backend]} on {devices}; {nb_cores} '
             f'core{"s" * (nb_cores != 1)}; precision {precision}']
    if gpus or unseen_gpu is None:
        return lines
    hidden_by = environment.get('CUDA_VISIBLE_DEVICES')
    if hidden_by is not None and (not hidden_by.strip() or hidden_by.strip().startswith('-')):
        reason = f'CUDA_VISIBLE_DEVICES={hidden_by} hides it'
    elif platform == 'win32' and backend == 'tensorflow':
        reason = 'TensorFlow has no GPU support on Windows since 2.11: use WSL2 (README, "A GPU")'
    else:
        reason = 'README, "A GPU", says what to install'
    return [*lines, f'warning: this machine has a GPU that {backend} does not see ({unseen_gpu}): {reason}']


def find_device_lines(versions: Mapping[str, str], precision: str) -> list[str]:
    """`device_lines` of this machine and the backend that is loaded.

    Parameters
    ----------
    versions : mapping
    precision : str
        Both as of `device_lines`.

    Returns
    -------
    list of str
    """
    gpus = backend_gpus(versions['backend'])
    return device_lines(versions, gpus, precision, nb_cores=nb_cores(),
                        unseen_gpu=None if gpus else machine_gpu())


def nb_cores() -> int:
    """Cores that this process may use; a queue may have given it fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def _numbered(names: Sequence[str]) -> str:
    counts = {name: list(names).count(name) for name in names}
    listed = ', '.join(f'{count} x {name}' if count > 1 else name for name, count in counts.items())
    return f'{len(names)} GPU{"s" * (len(names) > 1)} ({listed})'
