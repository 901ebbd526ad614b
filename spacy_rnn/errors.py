"""Every message that a user can see when something is wrong.

Each says what is wrong and what to do. Use: ``raise ValueError(Errors.R001.format(...))``.
Codes: R0xx vocabulary, network and weights; R1xx tokenizers; R2xx corpora and training;
R3xx the component and its annotations.
"""


class _Coded(type):
    """Prefix each message with its code, so that a search for the code finds this file."""

    def __getattribute__(cls, name: str) -> str:
        message = super().__getattribute__(name)
        return f"[{name}] {message}" if name[:1] == "R" and name[1:].isdigit() else message


class Errors(metaclass=_Coded):
    # --- R0xx: vocabulary, network, weights ---

    # --- R1xx: tokenizers ---

    # --- R2xx: corpora and training ---

    # --- R3xx: the component and its annotations ---
    pass
