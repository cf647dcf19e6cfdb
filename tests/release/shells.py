"""Completion in bash, zsh and fish."""

from collections.abc import Iterator
from shlex import quote

from tests.release.places import NAME, Option, Place, places

WRITTEN = f"of {NAME}, written from its argument parser."


def bash() -> str:
    """By a function that finds the place, then what may follow there."""
    known = places()
    paths = " | ".join(quote(_joined(place)) for place in known if place.path)
    return f"""\
# Completion {WRITTEN}

_crypto_assistant() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    local at='' flags='' verbs='' i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${{COMP_WORDS[i]}}" in
            {paths})
                at+=" ${{COMP_WORDS[i]}}"
                ;;
        esac
    done
    case "$at" in
{"".join(map(_bash, known))}    esac
    [[ $word != -* ]] || verbs=$flags
    case "$at $before" in
{"".join(_bash_values(known))}    esac
    mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
}}
complete -F _crypto_assistant {NAME}
"""


def _joined(place: Place) -> str:
    return "".join(f" {word}" for word in place.path)


def _bash(place: Place) -> str:
    sets = [f"flags={quote(' '.join(place.flags))}"]
    if place.verbs:
        sets.append(f"verbs={quote(' '.join(place.verbs))}")
    files = "; compopt -o default" if place.takes_files else ""
    return f"        {quote(_joined(place))}) {' '.join(sets)}{files} ;;\n"


def _bash_values(known: list[Place]) -> Iterator[str]:
    for place in known:
        for option in place.options:
            if option.choices:
                before = " | ".join(quote(f"{_joined(place)} {flag}") for flag in option.flags)
                yield f"        {before}) verbs={quote(' '.join(option.choices))} ;;\n"


def zsh() -> str:
    """By a function for each place."""
    functions = "\n".join(map(_zsh, reversed(places())))
    return f'#compdef {NAME}\n# Completion {WRITTEN}\n\n{functions}\n_{NAME} "$@"\n'


def _zsh(place: Place) -> str:
    function = "_".join(("", NAME, *place.path))
    specs = [quote(_zsh_option(option)) for option in place.options]
    before, after = "", ""
    if place.verbs:
        verbs = "".join(
            f"        {quote(f'{verb}:{does}')}\n" for verb, does in place.verbs.items()
        )
        before = f"    local state\n    local -a verbs=(\n{verbs}    )\n"
        specs += ["'1: :{_describe -t commands command verbs}'", "'*:: :->after'"]
        ways = "".join(f"        {verb}) {function}_{verb} ;;\n" for verb in place.verbs)
        after = f"    [[ $state == after ]] && case $words[1] in\n{ways}    esac\n"
    elif place.takes_files:
        specs.append("'1:file:_files'")
    flags = " -C" if place.verbs else ""
    told = " \\\n        ".join((f"    _arguments{flags}", *specs))
    return f"{function}() {{\n{before}{told}\n{after}}}\n"


def _zsh_option(option: Option) -> str:
    """One that is typed as two words is given once for both: `(-h --help)`."""
    first, *others = option.flags
    does = option.help.replace("[", r"\[").replace("]", r"\]")
    values = f":value:({' '.join(option.choices)})" if option.choices else ""
    return f"{others[0] if others else first}[{does}]{values}"


def fish() -> str:
    """A line for whatever may follow somewhere."""
    lines = "\n".join(line for place in places() for line in _fish(place))
    return f"""\
# Completion {WRITTEN}

# The words of the line so far, but for options.
function __crypto_assistant_said
    string match --invert -- '-*' (commandline -opc)[2..]
end

function __crypto_assistant_at
    test "$(__crypto_assistant_said)" = "$(string join \\n -- $argv)"
end

function __crypto_assistant_after
    test "$(__crypto_assistant_said | head -n (count $argv))" = "$(string join \\n -- $argv)"
end

complete -c {NAME} -f
{lines}
"""


def _fish(place: Place) -> Iterator[str]:
    """Where verbs follow, nothing else does after one of them."""
    where = quote(" ".join((f"__crypto_assistant_{'at' if place.verbs else 'after'}", *place.path)))
    line = f"complete -c {NAME} -n {where}"
    for verb, does in place.verbs.items():
        yield f"{line} -a {verb} -d {quote(does)}"
    for option in place.options:
        flags = " ".join(f"-l {f[2:]}" if f[:2] == "--" else f"-s {f[1:]}" for f in option.flags)
        values = f" -x -a {quote(' '.join(option.choices))}" if option.choices else ""
        yield f"{line} {flags}{values} -d {quote(option.help)}"
    if place.takes_files:
        yield f"{line} -F"
