"""Read who works with which register: from the environment, or from `peelflow.toml`.

The file is looked for where the command runs, and then in each folder above. A word on the command
line goes before the environment, and that before the file. `peelflow whoami` shows what came out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from peelflow.texts import is_blank

if TYPE_CHECKING:
    from peelflow.errors import InvalidRequest

FINDINGS, MISUSE, UNDETERMINED = 1, 2, 3
"""What a command ends with where it is not fine."""
FILE_NAME = "peelflow.toml"
DEFAULT_REGISTER = "peelflow.db"
VARIABLES: Mapping[str, str] = {
    "register": "PEELFLOW_REGISTER",
    "rules": "PEELFLOW_RULES",
    "force": "PEELFLOW_FORCE",
    "actor": "PEELFLOW_ACTOR",
    "actor_role": "PEELFLOW_ACTOR_ROLE",
    "recorded_by": "PEELFLOW_RECORDED_BY",
    "national": "PEELFLOW_NATIONAL",
}
"""What can be set, with the variable of the environment that sets it."""
_MEANT: Mapping[str, str] = {
    "register": "say where the register is",
    "rules": "name the rule files",
    "force": "name the force",
    "actor": "name who decides",
    "actor_role": "name the role",
    "recorded_by": "name who types",
    "national": "name the folder of changes to the national rules",
}
"""What to do about a setting that says nothing, as by a service that lacks its value."""


class Settings(NamedTuple):
    """What a folder's `peelflow.toml` says; each is None where it says nothing.

    Attributes:
        file: The file; None where there is none.
        register: Where the register is; a file is meant from the folder of `peelflow.toml`.
        rules: The rule files, meant so too.
        force: The force whose records alone are opened.
        actor: Who decides.
        actor_role: The role in which.
        recorded_by: Who types.
        national: A folder of changes to the national rules, meant so too, which is tried.
    """

    file: Path | None = None
    register: str | None = None
    rules: tuple[str, ...] | None = None
    force: str | None = None
    actor: str | None = None
    actor_role: str | None = None
    recorded_by: str | None = None
    national: str | None = None

    @property
    def force_in_use(self) -> str | None:
        """The force whose records alone are opened, by the environment or else the file."""
        return os.environ.get(VARIABLES["force"], self.force)

    @property
    def rules_in_use(self) -> tuple[str, ...]:
        """The rule files, by the environment or else the file; none where neither names any."""
        said = os.environ.get(VARIABLES["rules"])
        return (self.rules or ()) if said is None else tuple(filter(None, said.split(os.pathsep)))

    @property
    def recorded_by_in_use(self) -> str | None:
        """Who types what others decide, by the environment or else the file."""
        return os.environ.get(VARIABLES["recorded_by"], self.recorded_by)

    @property
    def national_in_use(self) -> str | None:
        """The changes to the national rules that are tried, by the environment or else the file."""
        return os.environ.get(VARIABLES["national"], self.national)

    def defaults(self, commands: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return what each command takes where nothing is said; not the force, which is a filter.

        Args:
            commands: Their names.
        """
        names = ("register", "rules", "actor", "actor_role", "recorded_by")
        said = {name: value for name in names if (value := getattr(self, name)) is not None}
        return dict.fromkeys(commands, said)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield each setting with its value in use and where that comes from."""
        for name, variable in VARIABLES.items():
            value, source = getattr(self, name), _from_here(str(self.file))
            if variable in os.environ:
                value, source = os.environ[variable], variable
            if isinstance(value, tuple):
                value = "; ".join(value)
            if value is None and name == "register":
                value, source = DEFAULT_REGISTER, "nothing says otherwise"
            yield name, _from_here(value or ""), source if value else "not set"


_NOTHING_SET = Settings()
_IN_USE: ContextVar[Settings] = ContextVar("settings_in_use", default=_NOTHING_SET)


def use_settings(settings: Settings) -> None:
    """Let commands run with these settings from now on."""
    _IN_USE.set(settings)


def current_settings() -> Settings:
    """Return what `peelflow.toml` said when the command began."""
    return _IN_USE.get()


_SHOWS_PLACES: ContextVar[bool] = ContextVar("shows_rule_places", default=False)


def show_rule_places(*, shown: bool) -> None:
    """Let refusals say in which file and line the rule stands that refuses, or not."""
    _SHOWS_PLACES.set(shown)


def shows_rule_places() -> bool:
    """Say whether refusals tell in which file and line their rules stand."""
    return _SHOWS_PLACES.get()


def read_settings(folder: Path) -> Settings:
    """Return what the nearest `peelflow.toml` says, from a folder upwards.

    Args:
        folder: Where the command runs.

    Raises:
        InvalidRequest: The file cannot be read, is no TOML, or says what it cannot.
    """
    places = (place / FILE_NAME for place in (folder, *folder.parents))
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return Settings()
    import tomllib  # most runs read no file

    try:
        said = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise _refused(f"{file}", why, "let it be read") from None
    except UnicodeDecodeError:
        raise _refused(f"{file}", "is not UTF-8 text", "save it as UTF-8") from None
    except ValueError as error:
        raise _refused(f"{file}", f"is no TOML: {error}", "mend that line") from None
    settings: dict[str, Any] = {name: _setting(file, name, value) for name, value in said.items()}
    return Settings(file=file, **settings)


def _setting(file: Path, name: str, value: Any) -> str | tuple[str, ...]:
    """Return one setting of a file, with paths from where the command runs."""
    what = f"{file}: `{name}`"
    if name not in VARIABLES:
        from peelflow.phrases import suggestion

        known = [field for field in Settings._fields if field in VARIABLES]
        raise _refused(what, "is no setting", suggestion(name, known))
    values = value if isinstance(value, list) and name == "rules" else [value]
    if not values or not all(isinstance(each, str) for each in values):
        asked = "a list of texts" if name == "rules" else "a text in quotes"
        raise _refused(what, f"is {value!r}", f"write {asked}")
    if any(map(is_blank, values)):
        raise _refused(what, "is empty", f"{_MEANT[name]}, or leave it out")
    if name == "rules":
        return tuple(str(file.parent / each) for each in values)
    text = str(value)
    if name == "national":
        return str(file.parent / text)
    return _located(text, file.parent) if name == "register" else text


def _located(register: str, folder: Path) -> str:
    """Return a register's place, where it is a file, as from the folder of the settings."""
    scheme, colon, rest = register.partition(":///")
    if colon:
        return f"{scheme}:///{folder / rest}" if scheme == "sqlite" else register
    is_file = ":" not in register or len(register.partition(":")[0]) == 1  # a drive's letter
    return str(folder / register) if is_file else register


def _from_here(text: str) -> str:
    """Return a path that lies below the working folder as from there; any other text as it is."""
    return text.replace(f"{Path.cwd()}{os.sep}", "")


def _refused(what: str, why: str, instead: str) -> InvalidRequest:
    """Return an error; a run that has none does not load what errors are made of."""
    from peelflow.errors import InvalidRequest

    return InvalidRequest(what, why, instead)


def check_environment() -> None:
    """Refuse a variable of ours that is set to nothing.

    Raises:
        InvalidRequest: One is.
    """
    for name, variable in VARIABLES.items():
        if is_blank(os.environ.get(variable, "set")):
            raise _refused(variable, "is empty", f"{_MEANT[name]}, or unset it")
