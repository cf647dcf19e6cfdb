"""What came of each seed, as text: a seed whose file is there is not lived again."""

from pathlib import Path

from tests.simulation.simulation import simulate


def lived(seed: int, minutes: float, results: Path | None, planted: str = "") -> str:
    """`results`: the directory of the files; the whole log of a seed that failed lies beside."""
    file = results / f"{minutes:g}min-seed{seed:05}" if results else None
    if file and file.exists():
        return file.read_text()
    came_of = simulate(seed, minutes, planted)
    text = "\n".join(came_of.lines())
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        if came_of.failures:
            whole = "\n".join([*came_of.log, *came_of.failures])
            file.with_suffix(".log").write_text(whole)
        file.write_text(text)
    return text
