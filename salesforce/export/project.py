"""The whole project: every file by its path, in an order in which it can be deployed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salesforce.export import access, objects, pages
from salesforce.export.source import Node, document, manifest, path
from salesforce.setup import EXTERNAL_CREDENTIAL, LABEL, NAMED_CREDENTIAL, Adapter, Identity, forms
from salesforce.sync import Synced

#: Of the Metadata API whose documentation this follows.
API_VERSION = "67.0"

#: Types of components by the step in which they are deployed: what a step refers to is there before.
STEPS: Mapping[str, tuple[str, ...]] = {
    "1-credentials": ("ExternalCredential", "NamedCredential"),
    "2-data-source": ("ExternalDataSource",),
    "3-objects": ("CustomObject", "CustomField"),
    "4-presentation": ("ListView", "Layout", "FlexiPage", "CustomTab", "CustomApplication"),
    "5-permissions": ("PermissionSet",),
}


@dataclass(frozen=True, slots=True)
class Component:
    """One file of metadata: the type and name that manifests use, the root element and what is in it."""

    kind: str
    name: str
    nodes: Sequence[Node]


def components(
    synced: Synced,
    url: str,
    *,
    adapter: Adapter = "4.0",
    identity: Identity = "named",
    username: str = "",
    user_header: str = "",
) -> list[Component]:
    """Everything that is deployed. Raises ``ValueError`` for what Salesforce's forms do not take."""
    forms(url, adapter=adapter, identity=identity, username=username, user_header=user_header)  # refuses what cannot be
    found: list[Component] = []
    if adapter == "4.01":
        found.append(Component("ExternalCredential", EXTERNAL_CREDENTIAL, access.external_credential_nodes(identity)))
        found.append(Component("NamedCredential", NAMED_CREDENTIAL, access.named_credential_nodes(url)))
    source = access.data_source_nodes(url, adapter, identity, username, user_header)
    found.append(Component("ExternalDataSource", LABEL, source))
    found += [Component("CustomField", name, nodes) for name, nodes in objects.standard_fields(synced).items()]
    for number, each in enumerate(synced.objects):
        found.append(Component("CustomObject", each.name, objects.object_nodes(each)))
        found += [
            Component("CustomField", f"{each.name}.{field.name}", objects.field_nodes(synced, each, field))
            for field in each.fields
        ]
        found.append(Component("ListView", f"{each.name}.All", objects.list_view_nodes(each)))
        layout = f"{each.name}-{each.label[: objects.MAX_LABEL]} Layout"
        found.append(Component("Layout", layout, pages.object_layout_nodes(synced, each)))
        found.append(Component("CustomTab", each.name, access.tab_nodes(number)))
    own = {name: pages.page_name(name) for name in pages.standard_pages(synced)}
    for name, page in own.items():
        numbers = [field.partition(".")[2] for field in objects.standard_fields(synced) if field.startswith(f"{name}.")]
        found.append(Component("Layout", pages.layout_name(name), pages.standard_layout_nodes(synced, name, numbers)))
        found.append(Component("FlexiPage", page, pages.page_nodes(synced, name)))
    found.append(Component("CustomApplication", LABEL, access.application_nodes(synced.objects, own)))
    for name, (label, seen) in access.roles(synced).items():
        found.append(Component("PermissionSet", name, access.permission_set_nodes(label, seen, adapter, identity)))
    return found


def project(
    synced: Synced,
    url: str,
    *,
    adapter: Adapter = "4.0",
    identity: Identity = "named",
    username: str = "",
    user_header: str = "",
) -> dict[str, str]:
    """Files by path: metadata, a manifest for each step and for all, the project file, instructions."""
    found = components(synced, url, adapter=adapter, identity=identity, username=username, user_header=user_header)
    files = {path(each.kind, each.name): document(each.kind, each.nodes) for each in found}
    names = [(each.kind, each.name) for each in found]
    steps = {step: [name for name in names if name[0] in kinds] for step, kinds in STEPS.items()}
    files |= {f"manifest/{step}.xml": manifest(members, API_VERSION) for step, members in steps.items() if members}
    files["manifest/package.xml"] = manifest(names, API_VERSION)
    files["sfdx-project.json"] = _project_file()
    files["README.md"] = _instructions([step for step, members in steps.items() if members], synced, adapter, identity)
    return files


def _project_file() -> str:
    content = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "name": "erp-odata",
        "namespace": "",
        "sourceApiVersion": API_VERSION,
    }
    return json.dumps(content, indent=2) + "\n"


def _instructions(steps: Sequence[str], synced: Synced, adapter: Adapter, identity: Identity) -> str:
    """What to do, in order; only what this project needs."""
    lines = [
        "# ERP data in Salesforce",
        "",
        "Deploy step by step: a later step refers to what an earlier one made.",
        "",
    ]
    lines += ["```sh", *(f"sf project deploy start --manifest manifest/{step}.xml" for step in steps), "```", ""]
    where = "the external credential" if adapter == "4.01" else "the external data source"
    own = "Settings, Authentication Settings for External Systems"
    secret = {
        "anonymous": "Nothing is to be entered: the data source is anonymous.",
        "named": f"Enter user name and password in {where}: they are not part of the project.",
        "per-user": f"Each person enters user name and password under {own}.",
    }[identity]
    todo = [
        f"After `2-data-source`: {secret} Open the data source and choose *Validate*.",
        "Do not choose *Sync* for these objects any more: it turns lookups back into text.",
        *_standard(synced),
        f"Assign permission sets: {', '.join(access.roles(synced))}.",
    ]
    return "\n".join([*lines, *(f"{number}. {text}" for number, text in enumerate(todo, 1)), ""])


def _standard(synced: Synced) -> list[str]:
    names = list(objects.standard_fields(synced))
    if not names:
        return []
    own = pages.standard_pages(synced)
    layouts = " and ".join(f"*{pages.layout_name(name).partition('-')[2]}*" for name in own)
    lightning = " and ".join(f"*{pages.PAGES[name].label}*" for name in own)
    fill = f"Fill {' and '.join(names)} with the ERP's numbers, exactly as they are there; give whoever does it access."
    assign = (
        f"Assign the layouts {layouts} in the Object Manager of {' and '.join(own)}, *Page Layout Assignment*, or put "
        "their related lists on your own layouts. No layout of your org is touched. Fields that your org requires, "
        "such as a currency, have to be added to them."
    )
    activate = (
        f"In the application *{LABEL}* records open with the Lightning pages {lightning}. To have them elsewhere, open "
        "them in the Lightning App Builder and choose *Activation*."
    )
    return [fill, assign, activate]
