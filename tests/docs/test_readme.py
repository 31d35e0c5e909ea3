"""The README's tour, typed as it stands against a demo on free ports, prints what the page shows."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
VOLATILE = [
    (re.compile(r"ws_CO_\d+"), "ws_CO_"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+03:00"), "TIME"),
    (re.compile(r"[A-Z0-9]{3}51X46BL"), "RECEIPT"),
    (re.compile(r"on \d+/\d+/\d\d at \d+:\d\d [AP]M"), "on DAY"),
]


def normal(text: str) -> str:
    for pattern, word in VOLATILE:
        text = pattern.sub(word, text)
    return text.strip()


def exchanges() -> list[tuple[str, str]]:
    """Commands with what the page says they print."""
    told: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", README.read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            told.append((command, output))
    return told


async def printed_by(command: str) -> str:
    process = await asyncio.create_subprocess_exec("bash", "-c", command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()


async def test_the_tour_prints_what_the_page_shows():
    flags = ("demo", "--port", "0", "--bank-port", "0")
    pipe = asyncio.subprocess.PIPE
    demo = await asyncio.create_subprocess_exec(sys.executable, "-m", "harness.cli", *flags, stdout=pipe, stderr=pipe)
    assert demo.stdout is not None
    ports = []
    for _ in range(2):
        line = (await demo.stdout.readline()).decode()
        ports.append(line.strip().rpartition(":")[2])
    try:
        for command, shown in exchanges():
            asked = command.replace(":8200", f":{ports[0]}").replace(":8300", f":{ports[1]}")
            assert normal(await printed_by(asked)) == normal(shown), command
    finally:
        demo.terminate()
        out, err = await demo.communicate()
    assert demo.returncode == 0
    assert out.decode().endswith("pesabox: stopped\n")
    lines = err.decode().splitlines()
    assert any("app → daraja.stk_push  200  Success. Request accepted for processing" in line for line in lines)


def test_the_story_on_the_page_is_a_good_scenario(tmp_path):
    (story,) = re.findall(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)
    path = tmp_path / "story.yaml"
    path.write_text(story)
    from harness.cli import outcome

    assert outcome(["run", str(path)]) == 0


def test_the_pytest_file_on_the_page_is_the_examples():
    (shown,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    test_file = README.parent / "examples" / "flask_shop" / "test_shop.py"
    assert shown == test_file.read_text()
    assert len(shown.splitlines()) <= 25
