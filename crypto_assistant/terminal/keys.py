"""What keys do beside editing the line: stop the question, turn the page, paste several lines."""

from typing import Protocol

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys


class Works(Protocol):
    """What the keys work on."""

    @property
    def is_paging(self) -> bool: ...

    def go_on(self, wanted: bool) -> None: ...

    def stop(self) -> None: ...

    def take(self, text: str) -> list[str]: ...


def bindings(session: Works) -> KeyBindings:
    """The keys of a session."""
    keys = KeyBindings()
    is_paging = Condition(lambda: session.is_paging and not get_app().current_buffer.text)

    @keys.add("c-c")
    @keys.add("<sigint>")
    def _(_: KeyPressEvent) -> None:
        session.stop()

    @keys.add(" ", filter=is_paging)
    @keys.add("enter", filter=is_paging)
    def _(_: KeyPressEvent) -> None:
        session.go_on(True)

    @keys.add("q", filter=is_paging)
    def _(_: KeyPressEvent) -> None:
        session.go_on(False)

    @keys.add(Keys.Vt100MouseEvent)
    def _(_: KeyPressEvent) -> None:
        """Nobody asked for the mouse; what looks like it may be anything."""

    @keys.add(Keys.BracketedPaste)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        for n, part in enumerate(session.take(event.data)):
            if n:
                buffer.validate_and_handle()
            buffer.insert_text(part)

    return keys
