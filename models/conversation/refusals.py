"""Why a conversation does not take a message, or a marker: one wording for every way to send."""

from models.refusal import RefusalCode, Refused, invalid, not_found


def no_conversation(field: str = "conversationId") -> Refused:
    """There is none, or `by` is not in it. Where a message was named by the field, that is what is not there."""
    return not_found("conversation" if field == "conversationId" else "message", field)


def no_such_reply() -> Refused:
    """The message that is answered is not of this conversation."""
    return not_found("message in this conversation", "replyToId")


def closed(field: str = "conversationId") -> Refused:
    """It has ended."""
    return Refused(RefusalCode.WRONG_STATE, "This conversation is closed; it can be read.", field)


def blocked(field: str = "conversationId") -> Refused:
    """One of the two has blocked the other."""
    return Refused(RefusalCode.NOT_ALLOWED, "No messages pass between the two of you.", field)


def no_such_number(last: int) -> Refused:
    """Nothing with this number was said."""
    return invalid(f"The conversation has the messages 1 to {last}.", "number")
