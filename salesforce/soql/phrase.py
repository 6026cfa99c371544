"""What people search for, as Salesforce passes it on: one phrase, without punctuation and operators."""

import re

from salesforce.profile import Profile
from salesforce.soql.translate import written
from salesforce.sync import ExternalObject

#: Longer phrases are cut.
MAX_PHRASE = 100
_PUNCTUATION = re.compile(r"[!-,./:-@\[-`{-~]+", re.ASCII)


def spoken(phrase: str) -> str:
    """The phrase without ASCII punctuation but the hyphen, blanks put together; letter case stays."""
    return " ".join(_PUNCTUATION.sub(" ", phrase).split())[:MAX_PHRASE]


def phrase_condition(profile: Profile, source: ExternalObject, phrase: str) -> tuple[str, str]:
    """The ``$filter`` and the ``$search`` of a search: with free-text search the service decides where it looks,
    otherwise every text field is looked into.
    """
    text = spoken(phrase)
    if profile.free_text:
        return "", text
    fields = [field.source for field in source.fields if field.type.name in ("Text", "LongTextArea")]
    terms = [f"contains({field},{written(text)}) eq true" for field in fields]
    if profile.parentheses:
        terms = [f"({term})" for term in terms]
    return " or ".join(terms) or "false", ""
