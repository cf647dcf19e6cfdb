"""Imports aiogram with its pydantic models unbuilt, so that each is built at its first use.

An ordinary `import aiogram` builds some 440 of them, most of which a bot never meets, for 100 MB
and seconds of start-up (aiogram issues 1513 and 1876). Their annotations are strings that name
types imported for the type checker alone, so each module of `aiogram.types` is lent the types that
its own models mention. Import this before any other part of aiogram; after aiogram it is harmless.

Where a Python does not go along with it, aiogram is imported the ordinary way, which is told.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import ForwardRef

from pydantic import BaseModel

log = logging.getLogger(__name__)

MORE_MB = 110
"""What the ordinary import takes more, measured on 3.11: 170 MB instead of 63 with Update built."""


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


def _import_deferred() -> None:
    """Raises whatever goes wrong, also with the model that every bot uses first."""
    with _builds_deferred():
        from aiogram import types  # noqa: PLC0415
    _lend_names(types)
    types.Update.model_rebuild()


def _import_ordinarily() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "aiogram"]:
        del sys.modules[name]
    import aiogram  # noqa: F401, PLC0415


is_deferred = True
"""Whether models are built at their first use."""

try:
    _import_deferred()
except Exception as error:  # noqa: BLE001 (a start that takes more memory is a start)
    is_deferred = False
    log.warning(
        "aiogram is imported whole, for %d MB more (a service needs MemoryHigh=300M and "
        "MemoryMax=384M in a drop-in): its models cannot be built one by one here: %s",
        MORE_MB,
        type(error).__name__,
    )
    _import_ordinarily()
