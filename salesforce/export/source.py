"""Files of Salesforce's source format: elements to XML, and where which kind of component lies."""

import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
ROOT = "force-app/main/default"

Node = tuple[str, str | bool | int | Sequence["Node"]]
"""An element: its name, and its text or its children."""

#: Folder and suffix of components that are a file of their own, by the type that manifests name.
FOLDERS: Mapping[str, tuple[str, str]] = {
    "CustomApplication": ("applications", "app"),
    "CustomTab": ("tabs", "tab"),
    "ExternalCredential": ("externalCredentials", "externalCredential"),
    "ExternalDataSource": ("dataSources", "dataSource"),
    "FlexiPage": ("flexipages", "flexipage"),
    "Layout": ("layouts", "layout"),
    "NamedCredential": ("namedCredentials", "namedCredential"),
    "PermissionSet": ("permissionsets", "permissionset"),
}
#: The same for components within an object, whose names are ``Object.Component``.
WITHIN: Mapping[str, tuple[str, str]] = {
    "CustomField": ("fields", "field"),
    "ListView": ("listViews", "listView"),
}


def path(kind: str, name: str) -> str:
    """Where a component lies in the project."""
    if kind == "CustomObject":
        return f"{ROOT}/objects/{name}/{name}.object-meta.xml"
    if kind in WITHIN:
        owner, _, own = name.partition(".")
        folder, suffix = WITHIN[kind]
        return f"{ROOT}/objects/{owner}/{folder}/{own}.{suffix}-meta.xml"
    folder, suffix = FOLDERS[kind]
    return f"{ROOT}/{folder}/{name}.{suffix}-meta.xml"


def document(root: str, nodes: Sequence[Node]) -> str:
    """A whole file. Names of elements are ours, texts may be anybody's."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{NAMESPACE}">']
    for node in nodes:
        lines += _lines(node, 1)
    return "\n".join([*lines, f"</{root}>", ""])


def _lines(node: Node, depth: int) -> list[str]:
    name, content = node
    indent = "    " * depth
    if isinstance(content, bool):
        content = "true" if content else "false"
    if isinstance(content, str | int):
        text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", str(content))  # XML has no place for them
        return [f"{indent}<{name}>{escape(text)}</{name}>"]
    if not content:
        return [f"{indent}<{name}/>"]
    inner = [line for child in content for line in _lines(child, depth + 1)]
    return [f"{indent}<{name}>", *inner, f"{indent}</{name}>"]


def manifest(components: Sequence[tuple[str, str]], version: str) -> str:
    """A package.xml for components, each a type and a name."""
    kinds = sorted({kind for kind, _ in components})
    nodes: list[Node] = []
    for kind in kinds:
        members: list[Node] = [("members", name) for each, name in sorted(components) if each == kind]
        nodes.append(("types", [*members, ("name", kind)]))
    return document("Package", [*nodes, ("version", version)])
