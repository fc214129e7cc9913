"""On both databases, in short: a pair and a third person."""

from typing import Any

from models.goal import Goal
from tests.people import pair, person
from tests.schema.asking import ask, signed_in
from tests.schema.tables import rows


async def test_a_third_person_sees_and_changes_nothing_of_a_pair_on_either_database(database: str) -> None:
    made = await pair()
    goal = await Goal.add(made.mentorship, by=made.mentee, title="canary goal")
    await made.conversation.send("canary body", by=made.mentee, client_id="1")
    third = await signed_in(await person("Zoe"))
    before = await rows()
    answers: list[Any] = []
    for kind, row in {"Mentorship": made.mentorship, "Conversation": made.conversation, "Goal": goal}.items():
        found = await ask("query($id: ID!) { node(id: $id) { id } }", third, id=f"{kind}:{row.id}")
        assert found == {"data": {"node": None}}
        answers.append(found)
    for name, given in {
        "addGoal": {"mentorshipId": f"Mentorship:{made.mentorship.id}", "title": "Mine"},
        "markGoal": {"goalId": f"Goal:{goal.id}", "status": "DROPPED"},
        "sendMessage": {"conversationId": f"Conversation:{made.conversation.id}", "body": "Hi", "clientId": "2"},
        "endMentorship": {"mentorshipId": f"Mentorship:{made.mentorship.id}"},
    }.items():
        capital = name[0].upper() + name[1:]
        document = f"mutation($input: {capital}Input!) {{ {name}(input: $input) {{ ... on Refusal {{ code }} }} }}"
        answers.append(await ask(document, third, input=given))
        assert answers[-1]["data"][name] == {"code": "NOT_FOUND"}
    for name in ("mentorships", "conversations", "mentorshipRequests"):
        answers.append(await ask(f"{{ {name} {{ totalCount edges {{ cursor }} }} }}", third))
        assert answers[-1]["data"][name] == {"totalCount": 0, "edges": []}
    assert await rows() == before
    assert "canary" not in str(answers)
