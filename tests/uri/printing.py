"""Prints unbound trees as text: expressions as OData with every parenthesis written, so that they parse to
themselves.
"""

import json

from odata_server.uri.parser import PRECEDENCE
from odata_server.uri.syntax import (
    AggregateSyntax,
    AliasExpr,
    AnnotationExpr,
    Argument,
    CallExpr,
    CollectionExpr,
    ComputeSyntax,
    ExpandItem,
    LambdaExpr,
    Literal,
    ObjectExpr,
    Option,
    OrderbyItem,
    PathExpr,
    RollupSyntax,
    RootExpr,
    SearchCall,
    SearchNode,
    SearchTerm,
    Segment,
    SelectItem,
    SyntaxNode,
    Transformation,
    TypeExpr,
)

_PREFIXES = {"Duration": "duration", "Binary": "binary"}


def show(node: SyntaxNode) -> str:
    """An expression."""
    match node:
        case Literal():
            return _literal(node)
        case AliasExpr(name=name) | AnnotationExpr(name=name) | TypeExpr(name=name):
            return name
        case PathExpr():
            return _path(node)
        case RootExpr(path=path):
            return f"$root/{_path(path)}"
        case CallExpr():
            return _call(node)
        case CollectionExpr(items=items):
            return f"[{','.join(map(show, items))}]"
        case ObjectExpr(members=members):
            return "{" + ",".join(f"{json.dumps(name)}:{show(value)}" for name, value in members) + "}"
        case LambdaExpr(kind=kind, variable=variable, predicate=predicate):
            return f"{kind}({variable}:{show(predicate)})" if predicate is not None else f"{kind}()"


def _literal(node: Literal) -> str:
    if node.kind in ("String", "Duration", "Binary", "Enum"):
        quoted = "'" + node.text.replace("'", "''") + "'"
        return (node.type_name or _PREFIXES.get(node.kind, "")) + quoted
    return node.text


def _call(node: CallExpr) -> str:
    args = [show(arg) for arg in node.args]
    if node.name == "not":
        return f"(not {args[0]})"
    if node.name == "neg":
        return f"(- {args[0]})"
    if node.name == "case":
        return f"case({', '.join(f'{a} : {b}' for a, b in zip(args[::2], args[1::2], strict=True))})"
    if node.name in PRECEDENCE:
        return "(" + f" {node.name} ".join(args) + ")"
    return f"{node.name}({','.join(args)})"


def _path(node: PathExpr) -> str:
    text = segments(node.segments)
    return f"{text}/{show(node.lambda_)}" if node.lambda_ is not None else text


def segments(path: tuple[Segment, ...]) -> str:
    """The segments of a path."""
    text = ""
    for segment in path:
        text += ("/" if text and segment.name else "") + segment.name
        if segment.arguments is not None:
            text += f"({','.join(map(_argument, segment.arguments))})"
        if segment.options:
            text += f"({';'.join(f'{option.name}={show_option(option)}' for option in segment.options)})"
    return text


def _argument(argument: Argument) -> str:
    return (f"{argument.name}=" if argument.name else "") + show(argument.value)


def search(node: SearchNode) -> str:
    """A search, every word in quotes."""
    match node:
        case SearchTerm(text=text):
            return f'"{text}"'
        case SearchCall(name="not", args=args):
            return f"(NOT {search(args[0])})"
        case SearchCall(name=name, args=args):
            return "(" + f" {name.upper()} ".join(map(search, args)) + ")"


def show_option(option: Option) -> str:
    """The value of an option."""
    value = option.value
    if value is None:
        return option.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, SearchTerm | SearchCall):
        return search(value)
    if isinstance(value, tuple):
        return ("/" if option.name == "$apply" else ", ").join(map(_item, value))
    return show(value)  # type: ignore[arg-type]


def _item(item: object) -> str:
    match item:
        case OrderbyItem(expr=expr, descending=descending):
            return f"{show(expr)} {'desc' if descending else 'asc'}"
        case ComputeSyntax(expr=expr, name=name):
            return f"{show(expr)} as {name}"
        case SelectItem(path=path, options=options):
            return "/".join(path) + _nested(options)
        case ExpandItem(path=path, suffix=suffix, options=options):
            return "/".join((*path, suffix) if suffix else path) + _nested(options)
        case Transformation(name=name, args=args):
            if name == "groupby":
                args = (_listed(args[0]), *(arg for arg in args[1:] if arg))
            return f"{name}({', '.join(map(_step_argument, args))})" if args else name
        case AggregateSyntax(expr=expr, method=method, name=name, froms=froms):
            parts = ["$count" if expr is None else show(expr), *([f"with {method}"] if method else [])]
            parts += [f"from {' '.join(map(show, f.keys))}{' with ' * bool(f.method)}{f.method}" for f in froms]
            return " ".join([*parts, *([f"as {name}"] if name else [])])
        case RollupSyntax(levels=levels, total=total):
            return f"rollup({'$all, ' * total}{', '.join(map(show, levels))})"
    raise AssertionError(item)


def _listed(elements: object) -> str:
    assert isinstance(elements, tuple)
    return f"({', '.join(map(_step_argument, elements))})"


def _step_argument(argument: object) -> str:
    """What stands in the parentheses of a transformation."""
    match argument:
        case tuple():
            return "/".join(map(_item, argument))
        case str():
            return argument
        case int():
            return str(argument)
        case SearchTerm() | SearchCall():
            return search(argument)
        case PathExpr() | CallExpr() | Literal() | AliasExpr():
            return show(argument)
    return _item(argument)


def _nested(options: tuple[Option, ...]) -> str:
    return f"({';'.join(f'{option.name}={show_option(option)}' for option in options)})" if options else ""
