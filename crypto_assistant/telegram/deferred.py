"""Imports aiogram with its pydantic models unbuilt, so that each is built at its first use.

An ordinary `import aiogram` builds some 440 of them, most of which a bot never meets, for 100 MB
and seconds of start-up (aiogram issues 1513 and 1876). Their annotations are strings that name
types imported for the type checker alone, so each module of `aiogram.types` is lent the types that
its own models mention. Import this before any other part of aiogram; after aiogram it is harmless.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import ForwardRef

from pydantic import BaseModel


@contextmanager
def _builds_deferred() -> Iterator[None]:
    config, rebuild = BaseModel.model_config, vars(BaseModel)["model_rebuild"]
    BaseModel.model_config = {**config, "defer_build": True}
    BaseModel.model_rebuild = classmethod(lambda cls, **_: None)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        BaseModel.model_config = config
        BaseModel.model_rebuild = rebuild  # type: ignore[method-assign]


def _lend_names(types: ModuleType) -> None:
    lendable = {name: getattr(types, name) for name in types.__all__}
    for model in lendable.values():
        if isinstance(model, type) and issubclass(model, BaseModel):
            borrower = vars(sys.modules[model.__module__])
            for name in _unresolved_names(model) & lendable.keys():
                borrower.setdefault(name, lendable[name])


def _unresolved_names(model: type[BaseModel]) -> set[str]:
    annotations: list[object] = [field.annotation for field in model.model_fields.values()]
    return {
        name
        for annotation in annotations
        if isinstance(annotation, ForwardRef)
        for name in annotation.__forward_code__.co_names
    }


with _builds_deferred():
    from aiogram import types

_lend_names(types)
