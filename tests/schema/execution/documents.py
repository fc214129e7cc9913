"""Documents that are asked again and again."""

REFUSAL = "... on Refusal { __typename code message field }"
SIGN_IN = f"""mutation($input: SignInInput!) {{ signIn(input: $input) {{
    ... on SignInPayload {{ __typename token }} {REFUSAL}
}} }}"""
UPDATE = f"""mutation($input: UpdateProfileInput!) {{ updateProfile(input: $input) {{
    ... on UpdateProfilePayload {{ profile {{ name }} }} {REFUSAL}
}} }}"""
MENTORS = "query($skill: String, $first: Int) { mentors(skill: $skill, first: $first) { edges { node { name } } } }"
INBOX = "subscription($after: String) { inbox(after: $after) { __typename ... on InboxEvent { cursor } } }"
SIGNALS = "subscription($ticket: String!) { videoSignals(ticket: $ticket) { __typename } }"
