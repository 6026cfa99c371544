"""A batch request in, its response out: which format, what is answered, how far it goes."""

import re

from edm.errors import ODataError
from odata_server.batch import json_batch, multipart
from odata_server.batch.mime import boundary_of
from odata_server.batch.parts import MULTIPART, Batch
from odata_server.batch.run import Runner, Service, failed_dependency
from odata_server.messages import ODataRequest, ODataResponse
from odata_server.negotiation import JSON, media_type, negotiate, preferences
from odata_server.responses import VARY


def answer_batch(request: ODataRequest, version: str, service: Service, most: int) -> ODataResponse:
    """200 with a response for each request of the batch; raises ``ODataError`` when it cannot be read as a whole.

    ``most`` is the number of requests it may hold, those of change sets included.
    """
    media, parameters = media_type(request.headers.get("Content-Type", ""))
    if media not in (MULTIPART, JSON):
        hint = f"Use {MULTIPART} with a boundary, or {JSON}."
        raise ODataError("unsupported_media_type", "This is not the type of a batch.", target="Content-Type", hint=hint)
    wanted = _format(request, version, media)
    body, json = request.body, media == JSON
    batch = json_batch.read(body, most) if json else multipart.read(body, boundary_of(parameters), most)
    preferred = preferences(request.headers)
    goes_on = batch.goes_on if preferred.continue_on_error is None else preferred.continue_on_error
    content_type, found = _answered(batch, Runner(service, request), goes_on, json, wanted)
    headers = [("Content-Type", content_type), ("OData-Version", version), ("Vary", VARY)]
    if preferred.continue_on_error is not None:
        headers.append(("Preference-Applied", preferred.given["continue-on-error"].applied))
    return ODataResponse(200, tuple(headers), found)


def _answered(batch: Batch, runner: Runner, goes_on: bool, json: bool, wanted: str) -> tuple[str, bytes]:
    replies = runner.run(batch, goes_on)
    if json:  # every request has a response, those too that come after the end
        reason = failed_dependency("An earlier request failed, and the batch does not go on after errors.")
        replies += [runner.skip(item, reason) for item in batch.items[len(replies) :]]
    return (JSON, json_batch.write(replies)) if wanted == JSON else multipart.write(replies)


def _format(request: ODataRequest, version: str, media: str) -> str:
    """The media type of the answer: that of the request, unless ``Accept`` prefers the other one.

    4.0 knows multipart alone, and its clients send whatever they send with other requests.
    """
    if media == MULTIPART and version == "4.0":
        return MULTIPART
    accept = re.sub(r";\s*boundary\s*=[^;,]*", "", request.headers.get("Accept", ""))
    return negotiate(version, accept, None, (media, JSON if media == MULTIPART else MULTIPART)).format
