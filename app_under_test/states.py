"""What a deposit or a withdrawal may be: it begins `pending`; `unknown` and guesses end when the provider is asked."""

from enum import StrEnum


class State(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
