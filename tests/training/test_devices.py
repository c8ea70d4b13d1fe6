"""Which devices a training uses, and what it says of them: with simulated lists of devices."""

import sys
from types import SimpleNamespace

import pytest

from seldnet.training import devices

H100, L4 = 'NVIDIA H100', 'NVIDIA L4'


def lines(gpus=(), backend='tensorflow', **options):
    return devices.device_lines({'backend': backend, backend: '2.21.0'}, list(gpus), 'float32', **(
        {'nb_cores': 16, 'unseen_gpu': None, 'environment': {}, 'platform': 'linux'} | options))


@pytest.mark.parametrize(('backend', 'gpus', 'used'), [
    ('tensorflow', [], []), ('tensorflow', [H100], [H100]), ('tensorflow', [H100, L4], [H100, L4]),
    ('torch', [H100, L4], [H100]), ('jax', [H100, L4], [H100]), ('torch', [], [])])
def test_tensorflow_uses_every_gpu_and_the_others_the_first(backend, gpus, used):
    assert devices.used_devices(backend, gpus) == used


@pytest.mark.parametrize(('gpus', 'backend', 'line'), [
    ([], 'tensorflow', 'the processor (no GPU)'), ([H100], 'tensorflow', '1 GPU (NVIDIA H100)'),
    ([H100, H100, L4], 'tensorflow', '3 GPUs (2 x NVIDIA H100, NVIDIA L4), which share the batches'),
    ([H100, H100], 'torch', '1 GPU (NVIDIA H100), the first of 2 (TensorFlow would use all)')])
def test_the_line(gpus, backend, line):
    assert lines(gpus, backend) == [f'Training with {backend} 2.21.0 on {line}; 16 cores; precision float32']


def test_one_core():
    assert '; 1 core;' in lines(nb_cores=1)[0]


@pytest.mark.parametrize(('options', 'reason'), [
    ({}, r'README, "A GPU", says what to install'),
    ({'environment': {'CUDA_VISIBLE_DEVICES': '-1'}}, 'CUDA_VISIBLE_DEVICES=-1 hides it'),
    ({'environment': {'CUDA_VISIBLE_DEVICES': ''}}, 'CUDA_VISIBLE_DEVICES= hides it'),
    ({'environment': {'CUDA_VISIBLE_DEVICES': '0'}}, 'README, "A GPU", says what to install'),
    ({'platform': 'win32'},
     'TensorFlow has no GPU support on Windows since 2.11: use WSL2 (README, "A GPU")')])
def test_a_gpu_that_the_backend_does_not_see(options, reason):
    line, warning = lines(unseen_gpu='/dev/nvidia0', **options)
    assert 'the processor' in line
    assert warning == ('warning: this machine has a GPU that tensorflow does not see (/dev/nvidia0): '
                       f'{reason}')


def test_no_warning_where_the_backend_has_one():
    assert len(lines([H100], unseen_gpu='/dev/nvidia0')) == 1


def test_how_a_gpu_of_the_machine_shows(tmp_path):
    listing = 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)\nGPU 1: NVIDIA L4 (UUID: GPU-2)\n'
    assert devices.machine_gpu(tmp_path, lambda: '') is None
    assert devices.machine_gpu(tmp_path, lambda: 'NVIDIA-SMI has failed') is None
    assert devices.machine_gpu(tmp_path, lambda: listing) == 'nvidia-smi lists NVIDIA H100 80GB HBM3'
    assert devices.machine_gpu(tmp_path / 'none', lambda: listing) == 'nvidia-smi lists NVIDIA H100 80GB HBM3'
    (tmp_path / 'nvidiactl').touch()
    assert devices.machine_gpu(tmp_path, lambda: '') is None
    (tmp_path / 'nvidia0').touch()
    assert devices.machine_gpu(tmp_path, lambda: '') == str(tmp_path / 'nvidia0')


def simulated_tensorflow(physical, nb_logical):
    names = [SimpleNamespace(name=f'/physical_device:GPU:{n}') for n in range(len(physical))]
    logical = [SimpleNamespace(name=f'/device:GPU:{n}') for n in range(nb_logical)]
    return SimpleNamespace(config=SimpleNamespace(
        list_physical_devices=lambda kind: names if kind == 'GPU' else [],
        list_logical_devices=lambda kind: logical if kind == 'GPU' else [],
        experimental=SimpleNamespace(get_device_details=lambda device: physical[names.index(device)])))


@pytest.mark.parametrize(('backend', 'package', 'expected'), [
    ('tensorflow', simulated_tensorflow([], 0), []),
    ('tensorflow', simulated_tensorflow([{'device_name': H100}, {}], 2), [H100, '/physical_device:GPU:1']),
    ('tensorflow', simulated_tensorflow([{'device_name': H100}], 2), ['/device:GPU:0', '/device:GPU:1']),
    ('jax', SimpleNamespace(devices=lambda: [SimpleNamespace(platform='cpu', device_kind='cpu')]), []),
    ('jax', SimpleNamespace(devices=lambda: [SimpleNamespace(platform='gpu', device_kind=H100)]), [H100]),
    ('torch', SimpleNamespace(
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False)),
        cuda=SimpleNamespace(device_count=lambda: 2, get_device_name=[H100, L4].__getitem__)), [H100, L4]),
    ('torch', SimpleNamespace(backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: True))),
     ['Apple GPU'])])
def test_what_a_backend_lists(monkeypatch, backend, package, expected):
    monkeypatch.setitem(sys.modules, backend, package)
    assert devices.backend_gpus(backend) == expected


def test_of_this_machine():
    import tensorflow

    versions = {'backend': 'tensorflow', 'tensorflow': tensorflow.__version__}
    found = devices.find_device_lines(versions, 'float32')
    assert found[0].startswith(f'Training with tensorflow {tensorflow.__version__} on ')
    assert f'; {devices.nb_cores()} core' in found[0]
