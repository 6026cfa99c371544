"""Statements as they are kept and executed: one for all queries of a shape, told the constants of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from erp_adapters.sql_decode import Output
from erp_adapters.sql_values import Parameter

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

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """The parameters, in order."""
        return [fixed if number is None else encode(values[number]) for number, encode, fixed in self.sources]


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
            examples = zip(sources, (compiled.binds[name].value for name in names), strict=True)
            self._text = Text(str(compiled), sources, tuple(type(_example(*pair)) for pair in examples))
        return self._text

    def parameters(self, dialect: Dialect, values: Sequence[Any]) -> dict[str, Any]:
        """The parameters by name, for SQLAlchemy to execute ``select`` with."""
        if self._named is None:
            binds = _compiled(self.select, dialect).bind_names
            self._named = {b.key: b.value for b in binds if isinstance(b.value, Parameter)}
        return {key: held.encode(values[held.number]) for key, held in self._named.items()}

    def explain(self, dialect: Dialect, values: Sequence[Any]) -> str:
        """SQL and parameters, for people."""
        compiled = self.select.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        parameters = "\n".join(f"  :{name} = {value!r}" for name, value in told(compiled, values).items())
        return f"{compiled}" + (f"\nparameters\n{parameters}" if parameters else "")


def told(compiled: Any, values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of compiled SQL by name."""
    held = compiled.params.items()
    return {name: value.encode(values[value.number]) if isinstance(value, Parameter) else value for name, value in held}


def _compiled(select: Select[Any], dialect: Dialect) -> SQLCompiler:
    compiled = select.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _example(source: _Source, value: Any) -> Any:
    number, encode, fixed = source
    return fixed if number is None else encode(value.example)


def _source(compiled: SQLCompiler, name: str) -> _Source:
    process = compiled._bind_processors.get(name)
    value = compiled.binds[name].value
    if not isinstance(value, Parameter):
        return None, _same, process(value) if callable(process) else value
    if not callable(process):
        return value.number, value.encode, None
    encode, finish = value.encode, process
    return value.number, lambda given: finish(encode(given)), None


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
