"""Files over HTTP: `POST /files` takes one, `GET /files/{id}` and `GET /files/{id}/thumbnail` show it."""

from api.files.endpoints import Files

__all__ = ["Files"]
