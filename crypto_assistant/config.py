"""The settings, checked once into one Config.

They come from systemd credentials, the environment, and a file: the service's own, or `.env` in the
working directory, else the user's own, by https://specifications.freedesktop.org/basedir-spec.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from stat import S_IRWXG, S_IRWXO
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from crypto_assistant import foreign
from crypto_assistant.errors import ConfigError
from crypto_assistant.exchanges.base import LIVE, Exchange, Practice
from crypto_assistant.net.signed import Key

NAME = "crypto-assistant"
HERE, STATE_HERE = Path(".env"), Path(".state")
HOMES = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state"}
"""Where a user's files of a kind lie, and where below the home directory unless that is set."""

QUOTES_AND_SPACE = "\"'` "
SECRET = re.compile(r"(TOKEN|KEY|SECRET|PASSPHRASE|PROXY)\s*=\s*\S", flags=re.IGNORECASE)
ON, OFF = ("true", "1", "yes", "on"), ("false", "0", "no", "off", LIVE)

LABEL = r"[\w-]{1,63}"
NETWORK_LOCATION = re.compile(
    rf"(.*@)?({LABEL}(\.{LABEL})*|\[[\d:a-f.]+\])(:\d+)?", flags=re.IGNORECASE
)
"""[user:password@]host[:port]"""


def _chats(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return frozenset(int(part) for part in value.split(",") if part.strip())
    except ValueError:
        raise ValueError("ids of users and groups, whole numbers with commas between") from None


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (KeyError, OSError, ValueError):
        raise ValueError("a time zone such as Europe/Berlin") from None


def _address(value: str) -> str:
    parts = _parts(value)
    schemes = {"http", "https"} if parts and is_loopback(parts.hostname) else {"https"}
    if parts and parts.scheme in schemes and "@" not in parts.netloc:
        return value.rstrip("/")
    raise ValueError("an address such as https://host:port/path; http on loopback only")


def _proxy(value: SecretStr) -> SecretStr:
    parts = _parts(value.get_secret_value())
    if not parts or parts.scheme not in {"http", "https"}:
        raise ValueError("the address of a proxy such as http://user:password@host:port")
    return value


def _credential(value: SecretStr) -> SecretStr:
    """It travels in a header; whatever else slips in while copying is no part of it."""
    text = value.get_secret_value()
    if text.isascii() and text.isprintable() and text == text.strip(QUOTES_AND_SPACE):
        return value
    raise ValueError("plain letters, digits and signs, without quotes, spaces, line breaks around")


def _environment(practice: Practice, value: object) -> object:
    """`live`, or the name of one of the venue's environments."""
    names = tuple(practice.addresses)
    word = str(value).strip().lower()
    if word in names:
        return word
    if word in ON:
        return names[0]
    if word in OFF:
        return LIVE
    raise ValueError(", ".join(["true", "false", *names]))


def _parts(url: str) -> SplitResult | None:
    """The parts of an address to which a path can be added, else none."""
    try:
        parts = urlsplit(url)
        usable = NETWORK_LOCATION.fullmatch(parts.netloc) and parts.port != 0
    except ValueError:  # Its text repeats what was set.
        return None
    return parts if usable and url.isprintable() and not set(url) & set(" ?#\\") else None


def is_loopback(host: str | None) -> bool:
    """Whether it is this host by the address that no other can reach."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


Address = Annotated[str, AfterValidator(_address)]
Proxy = Annotated[SecretStr, AfterValidator(_proxy)]
Credential = Annotated[SecretStr, AfterValidator(_credential)]


class _Credentials(SecretsSettingsSource):
    """The files of a directory; an empty one counts as not there."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if value != ""}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        try:
            return super().get_field_value(field, field_name)
        except (OSError, UnicodeError):
            raise ConfigError(f"{field_name.upper()}: its credential is no readable text") from None


def _service_directory() -> Path | None:
    """Where the service's settings lie: systemd says so, and so does the installed command."""
    directory = os.environ.get("CONFIGURATION_DIRECTORY")
    return Path(directory) if directory else None


def home(variable: str) -> Path | None:
    """The user's directory of `HOMES`; None where nobody has a home."""
    named = Path(os.environ.get(variable, ""))
    try:
        directory = named if named.is_absolute() else Path.home() / HOMES[variable]
    except RuntimeError:
        return None
    return directory if directory.is_absolute() else None


def _directory() -> Path | None:
    """Where settings lie beside their credentials; None where `.env` goes before."""
    if (service := _service_directory()) or HERE.is_file():
        return service
    configuration = home("XDG_CONFIG_HOME")
    return configuration and configuration / NAME


def _state_directory() -> Path:
    """Where the database lies unless that is set: beside `.env`, or where it has been."""
    state = home("XDG_STATE_HOME")
    return STATE_HERE if state is None or is_here() else state / NAME


def is_here() -> bool:
    """Whether settings or state lie in the working directory, which go before the user's own."""
    return HERE.is_file() or STATE_HERE.is_dir()


def _credentials(settings: type[BaseSettings]) -> _Credentials:
    """Those that systemd hands on; in a shell the files that it would take them from."""
    given, directory = os.environ.get("CREDENTIALS_DIRECTORY"), _directory()
    if given or directory is None:
        # LoadCredential=ca:DIRECTORY hands each file of the directory on as ca_FILE.
        return _Credentials(settings, given, env_prefix="ca_")
    files = directory / "credentials"
    return _Credentials(settings, files if _is_readable(files) else None)


def _is_readable(directory: Path) -> bool:
    try:
        return any(directory.iterdir())
    except OSError:
        return False


class Config(BaseSettings):
    """What the owner set, under the names in capitals; those of exchanges come from them."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    exchanges: ClassVar[tuple[type[Exchange], ...]] = ()

    telegram_bot_token: SecretStr | None = None
    telegram_chat_id: Annotated[frozenset[int], NoDecode, BeforeValidator(_chats)] = frozenset()
    telegram_api_url: Address = "https://api.telegram.org"
    telegram_proxy: Proxy | None = None
    https_proxy: Proxy | None = None
    market: Literal["live", "sandbox"] | None = None
    timezone: Annotated[ZoneInfo | None, BeforeValidator(_zone)] = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)
    ] = "INFO"
    state_directory: Path = Field(default_factory=_state_directory)
    notify_socket: str | None = None
    watchdog_usec: int | None = None
    journal_stream: str | None = None

    @property
    def urls(self) -> Mapping[str, str]:
        """The exchanges' base addresses by the names of their settings."""
        return {name: getattr(self, name.lower()) for name in addresses(self.exchanges)}

    def key(self, exchange: type[Exchange]) -> Key | None:
        """The owner's key of a venue; None where there is none."""
        secrets = [getattr(self, name.lower()) for name in exchange.credentials]
        return Key(*(s.get_secret_value() for s in secrets)) if secrets and all(secrets) else None

    def environment(self, exchange: type[Exchange]) -> str:
        """`live`, or the play money that the venue's key is for."""
        practice = exchange.practice
        return getattr(self, practice.setting.lower()) if practice else LIVE

    def account_urls(self, exchange: type[Exchange]) -> Mapping[str, str]:
        """Where the owner's account is; an address that was set stands above that of play money."""
        practice = exchange.practice
        play = practice.addresses.get(self.environment(exchange), {}) if practice else {}
        kept = {name for name in play if name.lower() in self.model_fields_set}
        return {**self.urls, **{name: url for name, url in play.items() if name not in kept}}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        credentials = _credentials(settings_cls)
        return init_settings, credentials, env_settings, DotEnvSettingsSource(settings_cls, file())


def addresses(exchanges: Iterable[type[Exchange]]) -> dict[str, str]:
    """The settings of the exchanges' base addresses, and what they are if nothing is set."""
    return {name: url for exchange in exchanges for name, url in exchange.addresses.items()}


def load(exchanges: Sequence[type[Exchange]]) -> Config:
    """The settings as they stand now; raises ConfigError that names every wrong one."""
    fields: dict[str, Any] = {
        name.lower(): (Address, url) for name, url in addresses(exchanges).items()
    }
    for exchange in exchanges:
        fields |= {name.lower(): (Credential | None, None) for name in exchange.credentials}
        if exchange.practice:
            check = BeforeValidator(partial(_environment, exchange.practice))
            fields[exchange.practice.setting.lower()] = (Annotated[str, check], LIVE)
    _look_through(file())
    model = create_model("Config", __base__=Config, **fields)
    model.exchanges = tuple(exchanges)
    try:
        config = _whole(model())
    except ValidationError as error:
        raise ConfigError(_wrong(error)) from None
    except SettingsError as error:
        raise ConfigError(str(error.__cause__ or error)) from None
    except UnicodeError:
        raise ConfigError(f"{file()}: not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"The settings cannot be read: {error}") from None
    foreign.keep_out(_secrets(config))
    return config


def _look_through(path: Path) -> None:
    """Raises ConfigError for a line that is no setting: it would be passed over."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as lines:
        wrong = [str(line.original.line) for line in parse_stream(lines) if line.error]
    if wrong:
        raise ConfigError(f"{path}: line {', '.join(wrong)}: not NAME=value")


def file() -> Path:
    """Where whoever changes a setting writes it."""
    directory = _directory()
    return directory / f"{NAME}.conf" if directory else HERE


def exposure() -> str:
    """Who else may read or change the secrets of a user's own file, and the cure; else ""."""
    path, quoted = file(), quote(str(file()))
    try:
        found, text = path.stat(), path.read_text(errors="replace")
    except OSError:
        return ""
    if _service_directory() or not SECRET.search(text):
        return ""
    if found.st_uid not in {0, os.geteuid()}:
        cure = f'sudo chown "$(id -un)" {quoted} && chmod 600 {quoted}'
        return f"{path} belongs to another user, who may read and change its secrets: {cure}"
    if found.st_mode & (S_IRWXG | S_IRWXO):
        return f"{path} has secrets that other users may read or change: chmod 600 {quoted}"
    return ""


def is_dumb() -> bool:
    """Whether the terminal can do nothing but show text."""
    return os.environ.get("TERM", "dumb") in {"", "dumb", "unknown"}


def wants_colours() -> bool:
    """As https://no-color.org has it."""
    return not os.environ.get("NO_COLOR")


def history() -> Path:
    """Where the terminal keeps the lines that were asked, by the XDG rules."""
    state = Path(os.environ.get("XDG_STATE_HOME") or "")
    if not state.is_absolute():
        state = Path(os.environ.get("HOME") or "/") / ".local" / "state"
    return state / "crypto-assistant" / "history"


def changed(old: Config, new: Config) -> set[str]:
    """The settings in which the two differ."""
    names = type(new).model_fields
    return {name.upper() for name in names if getattr(old, name) != getattr(new, name)}


def _whole(config: Config) -> Config:
    """The settings, where no key misses a part of it."""
    lines = []
    for names in (exchange.credentials for exchange in config.exchanges):
        missing = [name for name in names if getattr(config, name.lower()) is None]
        if 0 < len(missing) < len(names):
            there = [name for name in names if name not in missing]
            verb = "is" if len(there) == 1 else "are"
            lines += [f"{name}: not set, though {', '.join(there)} {verb}" for name in missing]
    if lines:
        raise ConfigError("\n".join(lines))
    return config


def _secrets(config: Config) -> Iterator[str]:
    """All that nobody else may read; of a proxy's address the password by itself, too."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
    for proxy in filter(None, (config.telegram_proxy, config.https_proxy)):
        yield unquote(urlsplit(proxy.get_secret_value()).password or "")


def _wrong(error: ValidationError) -> str:
    """A line for each wrong setting: its name and what is allowed, never its content."""
    return "\n".join(
        f"{str(item['loc'][0]).upper()}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    )
