"""The README says what is true: its example runs, its commands exist, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
import pytest
from sklearn.datasets import load_wine

import metakg

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (metakg .*?)(?:\s+#.*)?$", README, re.MULTILINE)


EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_tracking_example_runs(tmp_path: Path, monkeypatch, capsys) -> None:
    (source,) = (each for each in EXAMPLES if "autolog" in each)
    monkeypatch.chdir(tmp_path)
    try:
        exec(compile(source, "README.md", "exec"), {})
    finally:
        metakg.autolog(disable=True)
    shown = capsys.readouterr().out
    assert "2 runs" in shown
    assert "SVC(C=10)" in shown


def test_the_python_example_runs(own_store: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    (source,) = (each for each in EXAMPLES if "recommend" in each)
    table = load_wine(as_frame=True).frame.rename(columns={"target": "price_class"})
    table.to_csv(tmp_path / "my.csv", index=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metakg-store").symlink_to(own_store)
    exec(compile(source, "README.md", "exec"), {})
    assert "sklearn" in capsys.readouterr().out


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_is_understood(line: str) -> None:
    from click.testing import CliRunner

    from metakg.cli.application import app

    words = shlex.split(line.split(" && ")[0])[1:]
    command = [words[0]]
    group = app.get_command(None, words[0])
    if isinstance(group, click.Group) and words[0] != "ask":
        command.append(words[1] if words[1] in group.commands else "sources")
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0, result.output
    for option in (word for word in words if word.startswith("--")):
        assert option in result.output or words[0] == "ask", f"{option} of {line}"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
