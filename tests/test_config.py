"""The settings, as systemd, the environment and .env bring them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest

from crypto_assistant.config import Config, exposure, file, load
from crypto_assistant.errors import ConfigError
from crypto_assistant.exchanges import EXCHANGES
from crypto_assistant.exchanges.binance import Binance
from crypto_assistant.exchanges.bybit import Bybit
from crypto_assistant.exchanges.okx import Okx
from crypto_assistant.net.signed import Key
from tests.venues import ADDRESSES, CREDENTIALS, PRACTICES

NOBODY = 65534
TOKEN = "12345:the-secret-of-the-bot"


class Machine:
    """A host with nothing configured, where a test may set something."""

    def __init__(self, patch: pytest.MonkeyPatch, home: Path) -> None:
        self._patch = patch
        self._home = home
        patch.chdir(home)
        practices = PRACTICES
        names = [*Config.model_fields, *ADDRESSES, *CREDENTIALS, *practices]
        for name in [*names, "CREDENTIALS_DIRECTORY", "CONFIGURATION_DIRECTORY"]:
            patch.delenv(name.upper(), raising=False)
            patch.delenv(name.lower(), raising=False)

    def environment(self, **values: str) -> None:
        for name, value in values.items():
            self._patch.setenv(name, value)

    def dotenv(self, **values: str) -> None:
        lines = [f"{name}={value}\n" for name, value in values.items()]
        (self._home / ".env").write_text("".join(lines))

    def service(self, text: str, place: Path | None = None, **credentials: str) -> Path:
        """What `make install` leaves in /etc; returns its directory."""
        directory = (place or self._home) / "etc"
        (directory / "credentials").mkdir(parents=True)
        (directory / "crypto-assistant.conf").write_text(text)
        for name, value in credentials.items():
            (directory / "credentials" / name).write_text(value)
        self._patch.setenv("CONFIGURATION_DIRECTORY", str(directory))
        return directory

    def own(self, text: str, **credentials: str) -> Path:
        """What a user has in the places of https://specifications.freedesktop.org/basedir-spec."""
        self._patch.setenv("XDG_CONFIG_HOME", str(self._home / "own"))
        self._patch.setenv("XDG_STATE_HOME", str(self._home / "kept"))
        directory = self._home / "own/crypto-assistant"
        (directory / "credentials").mkdir(parents=True)
        (directory / "crypto-assistant.conf").write_text(text)
        for name, value in credentials.items():
            (directory / "credentials" / name).write_text(value)
        return directory

    def credentials(self, **values: str | bytes) -> None:
        directory = self._home / "credentials"
        directory.mkdir()
        for name, value in values.items():
            (directory / name).write_bytes(value.encode() if isinstance(value, str) else value)
        self._patch.setenv("CREDENTIALS_DIRECTORY", str(directory))


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


def complaint() -> str:
    with pytest.raises(ConfigError) as refused:
        load(EXCHANGES)
    return str(refused.value)


def test_without_any_setting_the_public_addresses_stand(machine: Machine) -> None:
    config = load(EXCHANGES)
    assert config.telegram_bot_token is None
    assert config.telegram_chat_id == frozenset()
    assert config.market is None
    assert config.urls == ADDRESSES
    assert all(url.startswith("https://") for url in config.urls.values())


def token(config: Config) -> str | None:
    return config.telegram_bot_token.get_secret_value() if config.telegram_bot_token else None


def test_credentials_go_before_the_environment_and_that_before_the_file(machine: Machine) -> None:
    machine.dotenv(TELEGRAM_BOT_TOKEN="file", TELEGRAM_CHAT_ID="1", TIMEZONE="UTC")
    assert token(load(EXCHANGES)) == "file"
    machine.environment(TELEGRAM_BOT_TOKEN="environment", TELEGRAM_CHAT_ID="2")
    assert token(load(EXCHANGES)) == "environment"
    machine.credentials(ca_TELEGRAM_BOT_TOKEN="credential\n")
    config = load(EXCHANGES)
    assert token(config) == "credential"
    assert config.telegram_chat_id == {2}
    assert config.timezone == ZoneInfo("UTC")


def test_a_credential_counts_only_under_the_name_that_systemd_gives_it(machine: Machine) -> None:
    machine.credentials(TELEGRAM_BOT_TOKEN=TOKEN)
    assert token(load(EXCHANGES)) is None


def test_an_empty_setting_counts_as_not_set(machine: Machine) -> None:
    machine.dotenv(MARKET="", TELEGRAM_BOT_TOKEN="file", BYBIT_URL="")
    machine.environment(TELEGRAM_BOT_TOKEN="", LOG_LEVEL="", TIMEZONE="", TELEGRAM_CHAT_ID="")
    config = load(EXCHANGES)
    assert token(config) == "file"
    assert config.log_level == "INFO"
    assert config.market is None
    assert config.urls == ADDRESSES


def test_an_empty_credential_counts_as_not_set(machine: Machine) -> None:
    machine.environment(TELEGRAM_BOT_TOKEN=TOKEN)
    machine.credentials(ca_TELEGRAM_BOT_TOKEN="")
    assert token(load(EXCHANGES)) == TOKEN


def test_the_file_of_the_service_stands_in_the_place_of_any_other(machine: Machine) -> None:
    machine.service("# words\nTIMEZONE=UTC\nTELEGRAM_CHAT_ID=1,2\nMARKET=live\nLOG_LEVEL=\n")
    machine.dotenv(TELEGRAM_API_URL="https://elsewhere.example", TELEGRAM_CHAT_ID="3")
    machine.environment(MARKET="sandbox")
    config = load(EXCHANGES)
    assert config.timezone == ZoneInfo("UTC")
    assert config.telegram_chat_id == {1, 2}
    assert (config.market, config.log_level) == ("sandbox", "INFO")
    assert config.telegram_api_url == "https://api.telegram.org"


def test_roots_shell_finds_the_credentials_of_the_service(machine: Machine) -> None:
    machine.service("TELEGRAM_CHAT_ID=1\n", TELEGRAM_BOT_TOKEN=f"{TOKEN}\n")
    assert token(load(EXCHANGES)) == TOKEN


def test_the_service_reads_those_that_systemd_hands_on(machine: Machine) -> None:
    machine.service("", TELEGRAM_BOT_TOKEN="of the file")
    machine.credentials(ca_TELEGRAM_BOT_TOKEN="handed on")
    assert token(load(EXCHANGES)) == "handed on"


def test_without_a_file_in_the_working_directory_the_users_own_are_taken(
    machine: Machine, tmp_path: Path
) -> None:
    directory = machine.own("TIMEZONE=UTC\n", TELEGRAM_BOT_TOKEN=f"{TOKEN}\n")
    config = load(EXCHANGES)
    assert (token(config), config.timezone) == (TOKEN, ZoneInfo("UTC"))
    assert file() == directory / "crypto-assistant.conf"
    assert config.state_directory == tmp_path / "kept/crypto-assistant"


def test_what_lies_in_the_working_directory_goes_before_the_users_own(machine: Machine) -> None:
    machine.own("TIMEZONE=UTC\nMARKET=live\n", TELEGRAM_BOT_TOKEN=TOKEN)
    Path(".state").mkdir()
    assert load(EXCHANGES).state_directory == Path(".state")
    Path(".state").rmdir()
    machine.dotenv(MARKET="sandbox")
    config = load(EXCHANGES)
    assert (token(config), config.timezone, config.market) == (None, None, "sandbox")
    assert (file(), config.state_directory) == (Path(".env"), Path(".state"))


def test_a_directory_of_the_name_is_no_file_of_settings(machine: Machine) -> None:
    machine.own("TIMEZONE=UTC\n")
    Path(".env").mkdir()
    assert load(EXCHANGES).timezone == ZoneInfo("UTC")


@pytest.mark.parametrize("named", ["", "relative"])
def test_the_users_own_files_lie_in_the_home_directory_unless_a_full_path_is_set(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    machine.environment(HOME="/nonexistent", XDG_CONFIG_HOME=named, XDG_STATE_HOME=named)
    assert file() == Path("/nonexistent/.config/crypto-assistant/crypto-assistant.conf")
    assert load(EXCHANGES).state_directory == Path("/nonexistent/.local/state/crypto-assistant")
    monkeypatch.setenv("HOME", "relative")
    assert (file(), load(EXCHANGES).state_directory) == (Path(".env"), Path(".state"))


def test_a_wrong_setting_of_the_service_is_named(machine: Machine) -> None:
    machine.service("TELEGRAM_CHAT_ID=hush\nTIMEZONE=Hush/Hush\n")
    told = complaint()
    assert {line.partition(":")[0] for line in told.splitlines()} == {
        "TELEGRAM_CHAT_ID",
        "TIMEZONE",
    }
    assert "hush" not in told.lower()


def test_whoever_may_not_read_the_credentials_has_none(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        monkeypatch.chdir(place)
        directory = machine.service("TIMEZONE=UTC\n", Path(place), TELEGRAM_BOT_TOKEN=TOKEN)
        (directory / "credentials").chmod(0)
        with as_nobody():
            config = load(EXCHANGES)
        monkeypatch.undo()
    assert (token(config), config.timezone) == (None, ZoneInfo("UTC"))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; anybody else already is somebody whom a mode of 0 keeps out."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_line_that_is_no_setting_is_named(machine: Machine) -> None:
    directory = machine.service(
        "TIMEZONE=UTC\nTELEGRAM_CHAT_ID 7\n\n# words\nLOG_LEVEL=INFO\nhush=\n=\n"
    )
    told = complaint()
    assert told == f"{directory}/crypto-assistant.conf: line 2, 7: not NAME=value"


@pytest.mark.parametrize(
    ("text", "ids"),
    [("1", {1}), ("1,2", {1, 2}), (" 1 , -1001234567890, ", {1, -1001234567890}), (",", set())],
)
def test_chats_are_numbers_with_commas_between(machine: Machine, text: str, ids: set[int]) -> None:
    machine.environment(TELEGRAM_CHAT_ID=text)
    assert load(EXCHANGES).telegram_chat_id == ids


WRONG = {
    "TELEGRAM_CHAT_ID": "1;hush2",
    "TELEGRAM_API_URL": "http://hush.example",
    "TELEGRAM_PROXY": "hush.example:3128",
    "HTTPS_PROXY": "socks5://hush.example",
    "MARKET": "hush",
    "TIMEZONE": "Hush/Hush",
    "LOG_LEVEL": "hush",
    "BYBIT_URL": "ftp://hush.example",
    "OKX_URL": "http://127.0.0.1.hush.example",
    "BINANCE_API_KEY": "hush\n",
    "OKX_PASSPHRASE": "hüsh",
    "OKX_SECRET_KEY": '"hush"',
    "BYBIT_TESTNET": "hush",
    "OKX_DEMO": "testnet hush",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_in_one_line_and_not_repeated(machine: Machine, name: str) -> None:
    machine.environment(**{name: WRONG[name]})
    text = complaint()
    assert text.startswith(f"{name}: ")
    assert "\n" not in text
    assert "hush" not in text.lower()


def test_every_wrong_setting_is_named_at_once(machine: Machine) -> None:
    machine.environment(**WRONG)
    text = complaint()
    assert {line.partition(":")[0] for line in text.splitlines()} == set(WRONG)
    assert "hush" not in text.lower()


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("TELEGRAM_CHAT_ID", "ids of users and groups, whole numbers with commas between"),
        ("TIMEZONE", "a time zone such as Europe/Berlin"),
        ("OKX_URL", "an address such as https://host:port/path; http on loopback only"),
        ("HTTPS_PROXY", "the address of a proxy such as http://user:password@host:port"),
        ("MARKET", "'live' or 'sandbox'"),
        (
            "OKX_PASSPHRASE",
            "plain letters, digits and signs, without quotes, spaces, line breaks around",
        ),
        ("BYBIT_TESTNET", "true, false, testnet, demo"),
        ("OKX_DEMO", "true, false, demo"),
    ],
)
def test_what_is_allowed_is_said(machine: Machine, name: str, allowed: str) -> None:
    machine.environment(**{name: WRONG[name]})
    assert allowed in complaint()


@pytest.mark.parametrize(
    "zone", ["../../etc/passwd", "/etc/localtime", "Mars/Base", "\x01", "a" * 300]
)
def test_a_time_zone_is_a_name_and_no_path(machine: Machine, zone: str) -> None:
    machine.environment(TIMEZONE=zone)
    assert complaint() == "TIMEZONE: a time zone such as Europe/Berlin"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.example/", "https://api.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://[::1]:1", "http://[::1]:1"),
    ],
)
def test_an_address_is_https_or_on_loopback(machine: Machine, url: str, base: str) -> None:
    machine.environment(OKX_URL=url)
    assert load(EXCHANGES).urls["OKX_URL"] == base


@pytest.mark.parametrize(
    "url",
    [
        "api.example",
        "https://",
        "http://10.0.0.1",
        "http://[::1",
        "http://[::1]x",
        "//x",
        "http://127.0.0.1:99999",
        "https://hush:0",
        "https://hush:hush",
        "https://hush.example?x=1",
        "https://hush.example?",
        "https://hush.example#hush",
        "https://hush@api.example",
        "https://hu sh",
        "https://hush.example/\u00a0",
        "https://hush.example\\path",
        "https://hush..example",
    ],
)
def test_any_other_address_is_refused(machine: Machine, url: str) -> None:
    machine.environment(OKX_URL=url)
    text = complaint()
    assert text.startswith("OKX_URL: ")
    assert "hush" not in text


@pytest.mark.parametrize(
    "url", ["http://h:99999", "http://h:hush", "http://h h:1", "http://h:1?hush", "http://hush@"]
)
def test_any_other_proxy_is_refused(machine: Machine, url: str) -> None:
    machine.environment(TELEGRAM_PROXY=url, HTTPS_PROXY=url)
    first, second = complaint().splitlines()
    assert (first.partition(": ")[0], second.partition(": ")[0]) == (
        "TELEGRAM_PROXY",
        "HTTPS_PROXY",
    )
    assert "hush" not in first + second


@pytest.mark.parametrize("level", ["info", "Info", "INFO"])
def test_the_log_level_may_be_written_small(machine: Machine, level: str) -> None:
    machine.environment(LOG_LEVEL=level)
    assert load(EXCHANGES).log_level == "INFO"


def test_a_file_of_settings_that_is_no_text_is_named(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"TELEGRAM_BOT_TOKEN=hush\xff\n")
    assert complaint() == ".env: not UTF-8 text"


def test_a_credential_that_is_no_text_is_named(machine: Machine) -> None:
    machine.credentials(ca_TELEGRAM_CHAT_ID="7", ca_TELEGRAM_BOT_TOKEN=b"hush\xff\x00")
    assert complaint() == "TELEGRAM_BOT_TOKEN: its credential is no readable text"


def test_credentials_that_are_no_directory_are_refused(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    machine.environment(CREDENTIALS_DIRECTORY=str(tmp_path / "file"))
    assert "must reference a directory" in complaint()


def test_what_is_shown_of_the_settings_holds_no_secret(machine: Machine) -> None:
    machine.environment(
        TELEGRAM_BOT_TOKEN=TOKEN,
        HTTPS_PROXY="http://me:hush@proxy.example:3128",
        TELEGRAM_PROXY="http://me:hush@proxy.example:3128",
        OKX_API_KEY="hush-1",
        OKX_SECRET_KEY="hush-2",
        OKX_PASSPHRASE="hush-3",
    )
    config = load(EXCHANGES)
    assert config.key(Okx) == Key("hush-1", "hush-2", "hush-3")
    assert "hush" not in repr(config.key(Okx))
    assert config.https_proxy
    assert config.https_proxy.get_secret_value() == "http://me:hush@proxy.example:3128"
    for shown in (repr(config), str(config), config.model_dump_json(), repr(vars(config))):
        assert TOKEN not in shown
        assert "hush" not in shown


def test_settings_of_other_programs_are_left_alone(machine: Machine) -> None:
    machine.dotenv(SOMETHING_ELSE="1", BINANCE_FAPI_KEY="key")
    load(EXCHANGES)


def test_a_venue_without_a_key_has_none(machine: Machine) -> None:
    machine.credentials(ca_BYBIT_API_KEY="name\n", ca_BYBIT_SECRET_KEY="secret\n")
    config = load(EXCHANGES)
    assert config.key(Bybit) == Key("name", "secret")
    assert config.key(Binance) is config.key(Okx) is None


def test_half_a_key_is_named_with_what_it_lacks(machine: Machine) -> None:
    machine.environment(BINANCE_SECRET_KEY="hush", OKX_API_KEY="hush", OKX_SECRET_KEY="hush")
    assert complaint().splitlines() == [
        "BINANCE_API_KEY: not set, though BINANCE_SECRET_KEY is",
        "OKX_PASSPHRASE: not set, though OKX_API_KEY, OKX_SECRET_KEY are",
    ]


@pytest.mark.parametrize(
    ("value", "environment", "url"),
    [
        ("", "live", "https://api.bybit.com"),
        ("false", "live", "https://api.bybit.com"),
        ("True", "testnet", "https://api-testnet.bybit.com"),
        ("1", "testnet", "https://api-testnet.bybit.com"),
        ("testnet", "testnet", "https://api-testnet.bybit.com"),
        ("demo", "demo", "https://api-demo.bybit.com"),
    ],
)
def test_play_money_is_asked_for_elsewhere_and_the_market_is_not(
    machine: Machine, value: str, environment: str, url: str
) -> None:
    machine.environment(BYBIT_TESTNET=value)
    config = load(EXCHANGES)
    assert config.environment(Bybit) == environment
    assert config.account_urls(Bybit) == {**ADDRESSES, "BYBIT_URL": url}
    assert config.urls == ADDRESSES


def test_an_address_that_was_set_stands_above_that_of_play_money(machine: Machine) -> None:
    machine.environment(BINANCE_TESTNET="true", BINANCE_SPOT_URL="http://127.0.0.1:1")
    urls = load(EXCHANGES).account_urls(Binance)
    assert urls["BINANCE_SPOT_URL"] == "http://127.0.0.1:1"
    assert urls["BINANCE_USDM_URL"] == "https://testnet.binancefuture.com"


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o666])
@pytest.mark.parametrize("linked", [False, True])
def test_secrets_that_others_may_read_or_change_are_named_with_the_cure(
    machine: Machine, tmp_path: Path, mode: int, linked: bool
) -> None:
    settings = Path(".env")
    if linked:
        settings.symlink_to(tmp_path / "elsewhere")
    settings.write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\n")
    settings.chmod(mode)
    assert exposure().endswith(": chmod 600 .env")
    settings.chmod(0o600)
    assert exposure() == ""


def test_secrets_in_the_users_own_file_are_named_too_and_those_of_the_service_are_not(
    machine: Machine,
) -> None:
    text = f"TELEGRAM_BOT_TOKEN={TOKEN}\n"
    settings = machine.own(text) / "crypto-assistant.conf"
    settings.chmod(0o644)
    assert exposure().endswith(f": chmod 600 {settings}")
    machine.service(text).chmod(0o755)
    assert exposure() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_secrets_in_a_file_of_another_user_are_named(machine: Machine) -> None:
    settings = Path(".env")
    settings.write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\n")
    settings.chmod(0o600)
    os.chown(settings, NOBODY, NOBODY)
    assert "belongs to another user" in exposure()


def test_settings_without_secrets_may_be_read_by_all(machine: Machine) -> None:
    Path(".env").write_text("TIMEZONE=Europe/Berlin\n")
    Path(".env").chmod(0o644)
    assert exposure() == ""
