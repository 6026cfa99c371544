"""What whoever runs the service does when an ERP fails: for the command line and the doctor."""

from typing import Final

#: By error code.
REMEDIES: Final = {
    "erp_unavailable": "check that the ERP runs, and database_url or the url of the source: erp-odata config show",
    "erp_busy": "try again later; pool_size and pool_wait say how many may ask at once",
    "erp_timeout": "ask for less; statement_timeout and deadline say how long it may take",
    "erp_contract": "erp-odata validate names what does not fit",
    "erp_answer": "check url: it has to lead to the ERP's service, not to a page for people",
    "erp_failed": "look into the ERP's own log at this time",
    "erp_refused": "check url and options of the source: erp-odata config show",
    "erp_denied": "give the service's user in the ERP the right to read this",
    "erp_auth": "correct user and password, token or client_secret of the source: erp-odata config show",
    "erp_tls": "renew the certificate, or name the private authority's in ca_file of the source",
}
#: Those of ERPs that are reached, and do not do as they are asked.
REACHED: Final = ("erp_answer", "erp_auth", "erp_denied", "erp_failed", "erp_refused", "erp_tls")


def sentence(code: str) -> str | None:
    """The remedy as a sentence of its own, for an ERP that is reached."""
    text = REMEDIES[code] if code in REACHED else ""
    return f"{text[0].upper()}{text[1:]}." if text else None
