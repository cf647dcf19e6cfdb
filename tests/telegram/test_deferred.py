"""aiogram's models, built at their first use, are the models of an ordinary import."""

import asyncio
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from crypto_assistant.telegram import deferred

ROOT = Path(__file__).parents[2]
DEFERRED = "crypto_assistant.telegram.deferred"
CHAT = {"id": 7, "type": "private", "first_name": "Ada"}
ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
QUESTION = {"message_id": 1, "date": 1735787045, "chat": CHAT, "from": ADA, "text": "/price"}
ANSWER = {
    "message_id": 2,
    "date": 1735787046,
    "chat": CHAT,
    "text": "BTC 93,120",
    "entities": [{"type": "bold", "offset": 0, "length": 3}],
    "reply_to_message": QUESTION,
}
PRESS = {
    "update_id": 9,
    "callback_query": {
        "id": "3",
        "from": ADA,
        "chat_instance": "5",
        "data": "price BTC",
        "message": ANSWER,
    },
}


async def python(*arguments: str, path: Path = ROOT) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", *arguments),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return output.decode()


async def portraits(*modules: str) -> dict[str, dict[str, Any]]:
    printed = await python("-m", "tests.telegram.model_portraits", *modules)
    drawn: dict[str, dict[str, Any]] = json.loads(printed)
    return drawn


@pytest.mark.real
@pytest.mark.slow
async def test_every_model_equals_that_of_an_ordinary_import() -> None:
    ordinary, built_later = await asyncio.gather(portraits("aiogram"), portraits(DEFERRED))

    assert len(ordinary["models"]) == 591
    for part, expected in ordinary.items():
        assert built_later[part].keys() == expected.keys()
        assert {name for name in expected if built_later[part][name] != expected[name]} == set()


@pytest.mark.real
@pytest.mark.slow
async def test_no_model_is_built_before_its_first_use() -> None:
    """But Update, to see that it can be, nor after it any other than the one used."""
    census = f"""
import {DEFERRED}
from aiogram import methods, types
def built():
    listed = [getattr(module, name) for module in (types, methods) for name in module.__all__]
    return sorted(m.__name__ for m in listed if getattr(m, "__pydantic_complete__", False))
print(built())
types.BotCommand(command="price", description="prices")
print(built())
"""
    assert (await python("-c", census)).splitlines() == ["['Update']", "['BotCommand', 'Update']"]


@pytest.mark.real
async def test_an_import_that_fails_leaves_pydantic_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "aiogram.py").write_text("raise OSError('disk')")
    attempt = f"""
from pydantic import BaseModel
before = BaseModel.model_config, vars(BaseModel)["model_rebuild"]
try:
    import {DEFERRED}
except OSError:
    print(before == (BaseModel.model_config, vars(BaseModel)["model_rebuild"]))
"""
    assert (await python("-c", attempt, path=tmp_path)).strip() == "True"


@pytest.mark.real
async def test_where_models_cannot_be_built_later_they_are_built_at_once_and_it_is_told() -> None:
    """As in a Python whose annotations are objects of another class."""
    attempt = f"""
import logging, sys, types, typing, pydantic
logging.basicConfig(stream=sys.stdout, format="%(message)s")
sys.modules["typing"] = other = types.ModuleType("typing")
vars(other).update(vars(typing), ForwardRef=type("ForwardRef", (), {{}}))
from {DEFERRED} import is_deferred
from aiogram.types import Message, Update
print(is_deferred, Message.__pydantic_complete__)
print(Update.model_validate({PRESS}).callback_query.message.reply_to_message.text)
"""
    told, *lines = (await python("-c", attempt)).splitlines()
    assert told.startswith("aiogram is imported whole, for 110 MB more (")
    assert told.endswith(": PydanticUndefinedAnnotation")
    assert lines == ["False True", "/price"]


@pytest.mark.parametrize("base", [BaseModel, BaseSettings])
def test_a_model_of_our_own_is_built_where_it_is_defined(base: type[BaseModel]) -> None:
    class Price(base):  # type: ignore[misc, valid-type]
        usd: float

    assert Price.__pydantic_complete__
    assert "defer_build" not in BaseModel.model_config


def test_a_model_of_our_own_can_be_rebuilt() -> None:
    class Order(BaseModel):
        price: "Price"

    class Price(BaseModel):
        usd: float

    assert Order.model_rebuild() is True
    assert Order.model_validate({"price": {"usd": 1}}).price.usd == 1


def test_importing_it_again_changes_nothing() -> None:
    from aiogram.types import message

    before = dict(vars(message))
    importlib.reload(deferred)

    assert vars(message) == before
    assert "defer_build" not in BaseModel.model_config


def test_an_update_is_parsed_down_to_the_message_replied_to() -> None:
    from aiogram.types import Message, Update

    query = Update.model_validate(PRESS).callback_query

    assert query is not None
    assert query.data == "price BTC"
    answer = query.message
    assert isinstance(answer, Message)
    assert [entity.type for entity in answer.entities or ()] == ["bold"]
    assert isinstance(answer.reply_to_message, Message)
    assert answer.reply_to_message.text == "/price"


def test_the_response_to_a_method_is_parsed_as_what_the_method_returns() -> None:
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.methods import AnswerCallbackQuery, EditMessageText, TelegramMethod
    from aiogram.types import Message

    session, bot = AiohttpSession(), Bot("42:TOKEN")

    def result(method: TelegramMethod[Any], sent: object) -> object:
        content = json.dumps({"ok": True, "result": sent})
        return session.check_response(bot, method, 200, content).result

    assert isinstance(result(EditMessageText(text="BTC"), ANSWER), Message)
    assert result(AnswerCallbackQuery(callback_query_id="3"), True) is True
