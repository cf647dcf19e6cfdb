"""Prints what pydantic makes of every aiogram model after the modules on the command line."""

import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema
from typing_extensions import TypeAliasType

Model = type[BaseModel]
PLAIN: dict[Any, object] = {
    bool: True,
    int: 7,
    float: 0.5,
    str: "seven",
    datetime: datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC),
    Exception: Exception("seven"),
}


class LenientJsonSchema(GenerateJsonSchema):
    """Marks what has no JSON schema (an uploaded file) instead of giving the whole model up."""

    ignored_warning_kinds = {"non-serializable-default", "skipped-choice"}  # noqa: RUF012

    def handle_invalid_for_json_schema(
        self, schema: core_schema.CoreSchema, error_info: str
    ) -> dict[str, Any]:
        return {"invalid": error_info}


def aiogram_models() -> dict[str, Model]:
    from aiogram import methods, types

    listed = [getattr(module, name) for module in (types, methods) for name in module.__all__]
    return {
        f"{found.__module__}.{found.__name__}": found
        for found in listed
        if isinstance(found, type) and issubclass(found, BaseModel)
    }


def example(model: Model) -> BaseModel:
    with suppress(ValidationError):
        model.model_validate(None)  # its first use: a deferred model is built now
    fields = model.model_fields.items()
    return model(**{name: sample(f.annotation) for name, f in fields if f.is_required()})


def sample(annotation: Any) -> object:
    """A value that the annotation admits: of a union, of its first member."""
    first = next(iter(get_args(annotation)), None)
    match get_origin(annotation):
        case None:
            return sample_of_class(annotation)
        case origin if origin is Literal:
            return first
        case origin if origin is list:
            return [sample(first)]
        case origin if origin is dict:
            return {}
        case _:
            return sample(first)


def sample_of_class(wanted: Any) -> object:
    from aiogram.types import BufferedInputFile

    if isinstance(wanted, TypeAliasType):
        return sample(wanted.__value__)
    if wanted in PLAIN:
        return PLAIN[wanted]
    if issubclass(wanted, BaseModel):
        return example(wanted)
    return BufferedInputFile(b"seven", filename="seven.txt")


def described(field: FieldInfo) -> list[object]:
    return [repr(field.annotation), field.is_required(), repr(field.default), field.alias]


def portrait(model: Model) -> dict[str, object]:
    drawn = None
    if not inspect.isabstract(model):
        drawn = example(model).model_dump_json(warnings=False, fallback=lambda o: type(o).__name__)
    fields = {name: described(field) for name, field in model.model_fields.items()}
    return {"example": drawn, "fields": fields}


def json_schemas(models: Iterable[Model]) -> object:
    asked: list[tuple[Model, Literal["validation"]]] = [(model, "validation") for model in models]
    _, document = models_json_schema(asked, schema_generator=LenientJsonSchema)
    return document["$defs"]


def main() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    models = aiogram_models()
    portraits = {name: portrait(model) for name, model in models.items()}
    printed = json.dumps({"models": portraits, "schemas": json_schemas(models.values())})
    sys.stdout.write(re.sub(r" at 0x[0-9a-f]+", "", printed))


if __name__ == "__main__":
    main()
