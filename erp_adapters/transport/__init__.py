"""How every ERP behind HTTP is called: one policy for all kinds, with an ERP that is not trusted.

Kinds import from here. Nothing in this package knows a protocol above HTTP and JSON.
"""

from erp_adapters.transport.answers import Answer
from erp_adapters.transport.client import Transport
from erp_adapters.transport.credentials import Anonymous, Basic, Credentials, Proofs, Secret, Token
from erp_adapters.transport.diagnosis import diagnose
from erp_adapters.transport.facade import Http
from erp_adapters.transport.links import Place, Trail
from erp_adapters.transport.oauth import ClientCredentials
from erp_adapters.transport.options import TransportOptions
from erp_adapters.transport.remote import OptionFault, Remote

__all__ = [
    "Anonymous",
    "Answer",
    "Basic",
    "ClientCredentials",
    "Credentials",
    "Http",
    "OptionFault",
    "Place",
    "Proofs",
    "Remote",
    "Secret",
    "Token",
    "Trail",
    "Transport",
    "TransportOptions",
    "diagnose",
]
