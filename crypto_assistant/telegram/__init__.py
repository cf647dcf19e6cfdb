"""The Telegram front: the only place that knows Telegram.

`poll` fetches updates and keeps them in the inbox, `gate` admits the listed, `answers` runs the
commands, `reply` writes one message, `post` sends it, `session` speaks HTTP; `serve` joins them.
`pair` finds the owner's id.
"""

# Before any other part of aiogram, whichever module of this package is imported first.
import crypto_assistant.telegram.deferred  # noqa: F401
