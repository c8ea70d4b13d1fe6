"""README and docs/: links lead somewhere, the README is short, and what messages name in it is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r'^#+ (.*)$', page.read_text(encoding='utf-8'), re.MULTILINE)
    return {re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-') for heading in headings}


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r'\]\(([^)\s]+)\)', page.read_text(encoding='utf-8')):
        if link.startswith('https://'):
            continue
        path, _, anchor = link.partition('#')
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_leads_to_every_page():
    found = set(re.findall(r'\]\(docs/([^)#]+)', (ROOT / 'README.md').read_text(encoding='utf-8')))
    assert {page.name for page in PAGES[1:]} <= found


def test_the_readme_is_short():
    lines = (ROOT / 'README.md').read_text(encoding='utf-8').splitlines()
    assert len(lines) <= 150
    assert not [line for line in lines if len(line) > 122 and not line.startswith('|')]


def test_the_section_that_the_warning_of_an_unseen_gpu_names():
    assert '\n## A GPU\n' in (ROOT / 'README.md').read_text(encoding='utf-8')
    assert 'README, "A GPU"' in (ROOT / 'seldnet/training/devices.py').read_text(encoding='utf-8')


CODE = (ROOT / 'docs/CODE.md').read_text(encoding='utf-8')


def test_every_module_is_on_the_page_of_the_code():
    named = set(re.findall(r'`(\w+)(?:\.py)?`', CODE))
    rooms = ('seldnet', 'metrics', 'misc_files', 'benchmarks')
    modules = [*ROOT.glob('*.py'), *(path for room in rooms for path in (ROOT / room).rglob('*.py'))]
    assert {path.stem for path in modules} - {'__init__'} <= named


def test_a_room_has_the_modules_of_its_row_on_the_page_of_the_code():
    rows = re.findall(r'^\| `((?:seldnet/)?\w+)/` \|.*\| (.*) \|$', CODE, re.MULTILINE)
    assert len(rows) == 9
    for room, modules in rows:
        named = set(re.findall(r'`(\w+)`', modules))
        there = {path.stem for path in (ROOT / room).glob('*.py')} - {'__init__', 'evaluation_metrics'}
        assert there <= named, room
        assert named - there <= {'Dataset', 'TAU2019'}, room
