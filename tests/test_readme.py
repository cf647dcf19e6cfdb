"""What the texts for users and contributors say is what the program and the Makefile have."""

import re
from pathlib import Path

import pytest

from crypto_assistant.arguments import parser
from crypto_assistant.commands import COMMANDS

ROOT = Path(__file__).parent.parent
TEXTS = ("README.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md", ".github/CHANGELOG.md")
README = (ROOT / "README.md").read_text()


def test_the_commands_are_those_of_the_program_with_their_usages() -> None:
    rows = re.findall(r"^\| `(/.*?)` \| (.*?) \|$", README, re.MULTILINE)
    assert rows == [(one.usage.replace("|", r"\|"), one.summary) for one in COMMANDS]


@pytest.mark.parametrize("name", TEXTS)
def test_every_target_is_one_of_the_makefile(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = set(re.findall(r"\bmake ([a-z-]+)", _commands((ROOT / name).read_text())))
    assert said <= targets
    assert name != "README.md" or said


def test_every_command_of_the_shell_is_one_of_the_parser() -> None:
    said = set(re.findall(r"crypto-assistant ([a-z]+)", _commands(README)))
    shell = README[README.index("In the shell") : README.index("## The service")]
    said |= set(re.findall(r"^\| `([a-z]+)", shell, re.MULTILINE))
    assert {"check", "pair"} <= said
    assert said <= set(re.findall(r"[a-z]+", parser().format_help()))


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_that_is_named_is_there(name: str) -> None:
    text = (ROOT / name).read_text()
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text) + re.findall(r'src="(.*?)"', text)
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def _commands(text: str) -> str:
    """What is set as code: in blocks and in lines."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
