"""What a bank writes beside money from PesaLink: `PESALINK~<reference>~<the sender's name>~<the payer's words>`."""

import re

_TOLD = re.compile(r"PESALINK~[^~]*~[^~]*~(.*)", re.DOTALL)
_RETURN = re.compile(r"RETURN\b")


def words_of(narration: str) -> str:
    """The payer's words; empty where it is no narration of PesaLink."""
    told = _TOLD.match(narration)
    return told[1].strip() if told else ""


def is_return(narration: str) -> bool:
    """Whether it says that a transfer came back. Any payer can write so: it proves nothing by itself."""
    return _RETURN.match(words_of(narration)) is not None
