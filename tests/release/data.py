"""`make data`: what shells and `man` know of the program, written anew from its argument parser."""

from pathlib import Path

from tests.release.manpage import manpage
from tests.release.shells import bash, fish, zsh

DATA = Path(__file__).parents[2] / "deploy/data/share"
FILES = {
    "bash-completion/completions/crypto-assistant": bash,
    "fish/vendor_completions.d/crypto-assistant.fish": fish,
    "man/man1/crypto-assistant.1": manpage,
    "zsh/site-functions/_crypto-assistant": zsh,
}

if __name__ == "__main__":
    for name, text in FILES.items():
        (DATA / name).parent.mkdir(parents=True, exist_ok=True)
        (DATA / name).write_text(text())
