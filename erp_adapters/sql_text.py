"""Statements as they are kept and executed: one for all queries of a shape, told the constants of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from erp_adapters.sql_decode import Output
from erp_adapters.sql_values import Fresh, Parameter

#: Where a parameter of a statement comes from: the number of a value and what makes the parameter of it, or, without a
#: number, the same in every execution.
_Source = tuple[int | None, Callable[[Any], Any], Any]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Text:
    """SQL as a driver takes it, with positional parameters."""

    sql: str
    sources: tuple[_Source, ...]
    #: Of the parameters, as the driver gets them.
    types: tuple[type, ...]
    #: Parameters that are made anew for each execution, by their place.
    fresh: tuple[tuple[int, Callable[[], Any]], ...] = ()

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """The parameters, in order."""
        made = [fixed if number is None else encode(values[number]) for number, encode, fixed in self.sources]
        for place, make in self.fresh:
            made[place] = make()
        return made


@dataclass(slots=True, eq=False)
class Prepared:
    """One statement. What is made of it for execution is made once."""

    select: Select[Any]
    _text: Text | None = field(default=None, repr=False)
    _named: Mapping[str, Parameter] | None = field(default=None, repr=False)

    def text(self, dialect: Dialect) -> Text:
        """The text for a driver; always for one and the same, whose parameters are positional."""
        if self._text is None:
            compiled = _compiled(self.select, dialect)
            names = compiled.positiontup
            assert names is not None, "the dialect has positional parameters"
            sources = tuple(_source(compiled, name) for name in names)
            types = tuple(type(_example(*pair)) for pair in zip(sources, _held(compiled, names), strict=True))
            self._text = Text(str(compiled), sources, types, tuple(_fresh(compiled, names)))
        return self._text

    def parameters(self, dialect: Dialect, values: Sequence[Any]) -> dict[str, Any]:
        """The parameters by name, for SQLAlchemy to execute ``select`` with."""
        if self._named is None:
            binds = _compiled(self.select, dialect).bind_names
            self._named = {b.key: b.value for b in binds if isinstance(b.value, Parameter)}
        return {key: held.of(values) for key, held in self._named.items()}

    def explain(self, dialect: Dialect, values: Sequence[Any]) -> str:
        """SQL and parameters, for people."""
        compiled = self.select.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        parameters = "\n".join(f"  :{name} = {value!r}" for name, value in told(compiled, values).items())
        return f"{compiled}" + (f"\nparameters\n{parameters}" if parameters else "")


def told(compiled: Any, values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of compiled SQL by name."""
    held = compiled.params.items()
    return {name: value.of(values) if isinstance(value, Parameter) else value for name, value in held}


def _compiled(select: Select[Any], dialect: Dialect) -> SQLCompiler:
    compiled = select.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _held(compiled: SQLCompiler, names: Sequence[str]) -> list[Any]:
    return [compiled.binds[name].value for name in names]


def _example(source: _Source, value: Any) -> Any:
    number, encode, fixed = source
    if isinstance(value, Fresh):
        return encode(value.example)
    return fixed if number is None else encode(value.example)


def _source(compiled: SQLCompiler, name: str) -> _Source:
    process = compiled._bind_processors.get(name)
    value = compiled.binds[name].value
    if not isinstance(value, Parameter):
        return None, _same, process(value) if callable(process) else value
    number = None if isinstance(value, Fresh) else value.number
    if not callable(process):
        return number, value.encode, None
    encode, finish = value.encode, process
    return number, lambda given: finish(encode(given)), None


def _fresh(compiled: SQLCompiler, names: Sequence[str]) -> Iterator[tuple[int, Callable[[], Any]]]:
    for place, (name, value) in enumerate(zip(names, _held(compiled, names), strict=True)):
        if isinstance(value, Fresh):
            yield place, partial(_made, _source(compiled, name)[1], value.make)


def _made(encode: Callable[[Any], Any], make: Callable[[], Any]) -> Any:
    return encode(make())


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """The statements of all queries of a shape: for the rows, for the count if it is asked for, for both in one (the
    count is the last column), and how rows are read."""

    rows: Prepared
    count: Prepared | None
    both: Prepared | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The statements of one query, with its constants."""

    statement: Statement
    values: Sequence[Any]

    def explain(self, dialect: Dialect, *, at_once: bool) -> str:
        """SQL and parameters, for people. ``at_once``: rows and count are read by one statement."""
        if at_once and self.statement.both is not None:
            return self.statement.both.explain(dialect, self.values)
        return "\n\n".join(self._explained(dialect))

    def _explained(self, dialect: Dialect) -> Iterator[str]:
        yield self.statement.rows.explain(dialect, self.values)
        if self.statement.count is not None:
            yield "count: " + self.statement.count.explain(dialect, self.values)
