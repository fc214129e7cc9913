"""Mail: letters to people about what they have missed."""

from api.mail.letter import Sender
from api.mail.post import Files, Post, Smtp, Undelivered, post_of
from api.mail.rounds import Rounds, mailing
from api.mail.unsubscribe import unsubscribe

__all__ = ["Files", "Post", "Rounds", "Sender", "Smtp", "Undelivered", "mailing", "post_of", "unsubscribe"]
