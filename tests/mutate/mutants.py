"""Every mutant of a module: one small change each, by mutmut's operators."""

import difflib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import libcst as cst  # type: ignore[import-not-found]
from libcst import metadata
from mutmut.mutation.mutators import mutation_operators  # type: ignore[import-not-found]

from tests.mutate.choice import Mutant


def mutants(tree: Path, path: str) -> Iterator[Mutant]:
    text = (tree / path).read_text()
    code, digest = text.splitlines(), sha256(text.encode()).hexdigest()[:8]
    module = metadata.MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    places = module.resolve(metadata.PositionProvider)
    parents = module.resolve(metadata.ParentNodeProvider)
    for nth, (node, operator, _) in enumerate(_changes(module.module)):
        around = [node]
        while around[-1] in parents:
            around.append(parents[around[-1]])
        placed = [one for one in around if one in places]
        statements = [one for one in placed if isinstance(one, cst.SimpleStatementLine)]
        line, whole = places[placed[0]].start.line, places[(statements or placed)[0]]
        span = (whole.start.line, whole.end.line)
        at_import = not any(isinstance(one, cst.FunctionDef | cst.Lambda) for one in around)
        yield Mutant(path, digest, line, code[line - 1], span, operator, nth, at_import)


def mutated(tree: Path, mutant: Mutant) -> tuple[str, str]:
    """The module's text with the mutant in it; its path and the lines that differ."""
    before = (tree / mutant.path).read_text()
    module = cst.parse_module(before)
    node, _, change = list(_changes(module))[mutant.nth]
    after: str = module.deep_replace(node, change).code
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))
    return after, "\n".join([mutant.path, *(line for line in lines[2:] if line[0] != "@")])


def _changes(node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, str, cst.CSTNode]]:
    """A node, the operator that changes it, and what it becomes; not in types nor in decorators."""
    if isinstance(node, cst.Annotation | cst.Decorator):
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            for change in operator(node):
                yield node, operator.__name__.removeprefix("operator_"), change
    for child in node.children:
        yield from _changes(child)
