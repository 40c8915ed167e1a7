"""The README says what is true: its example runs, its commands exist, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from sklearn.datasets import load_wine

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (metakg .*?)(?:\s+#.*)?$", README, re.MULTILINE)


def test_the_python_example_runs(own_store: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
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
    if command == ["ingest"]:
        from metakg.cli.ingest import ingest

        command.append(words[1] if words[1] in ingest.commands else "sources")
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0, result.output
    for option in (word for word in words if word.startswith("--")):
        assert option in result.output or words[0] == "ask", f"{option} of {line}"


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
