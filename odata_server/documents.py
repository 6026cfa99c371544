"""What is published, as documents: ``$metadata``, and what each kind of resource is available as."""

from functools import lru_cache

from edm import annotations as facts
from edm import csdl, csdl_json
from edm.functions import FUNCTIONS
from edm.model import ServiceMetadata
from odata_server.messages import ODataRequest, ODataResponse
from odata_server.negotiation import JSON, TEXT, XML, negotiate
from odata_server.responses import document_etag, respond
from odata_server.uri.bound import Answer

METADATA = "$metadata"
#: What each kind of resource is available as, the default first.
OFFERS: dict[Answer, tuple[str, ...]] = {
    Answer.METADATA: (XML, JSON),
    Answer.COUNT: (TEXT,),
    Answer.VALUE: (TEXT,),
}


@lru_cache(maxsize=64)
def metadata_answer(view: ServiceMetadata, version: str, accept: str | None, levels: int) -> ODataResponse:
    """The answer to a request for ``$metadata`` without options and conditions: what the pipeline would make of it."""
    shape = negotiate(version, accept, None, OFFERS[Answer.METADATA])
    document = metadata_document(view, shape.version, shape.format, levels)
    return respond(ODataRequest("GET", METADATA), shape, document, etag=document_etag(document))


@lru_cache(maxsize=64)
def metadata_document(view: ServiceMetadata, version: str, media: str, levels: int) -> bytes:
    """``$metadata`` as CSDL XML or JSON, made once per view and version. ``levels`` of ``$expand`` are allowed."""
    names = facts.filter_functions(FUNCTIONS)
    if media == JSON:
        return csdl_json.to_json(view, functions=names, expand_levels=levels)
    return csdl.to_xml(view, odata_version="4.0" if version == "4.0" else "4.01", functions=names, expand_levels=levels)
