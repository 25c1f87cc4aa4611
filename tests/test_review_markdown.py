"""The comment on a pull request, as text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from operations.review import Effect, NodeReview, OtherReview, Review
from operations.review.markdown import LIMIT, MARKER, SMALLEST, render
from operations.review.report import Report, exit_code

HARMLESS = Report(
    "clusters/as400gateway.yaml",
    "0123456789ab",
    Review(
        (
            NodeReview("a", Effect.ROLLING, ("setting settings.health: /actuator/health to /health",)),
            NodeReview("b", Effect.ROLLING, ("setting settings.health: /actuator/health to /health",)),
        )
    ),
    "Stack muster-as400\nResources\n[~] AWS::SSM::Parameter Settings/Parameter SettingsParameterE44D0DC0",
)
REFUSED = Report(
    "clusters/as400gateway.yaml",
    "0123456789ab",
    Review(
        (
            NodeReview("a", Effect.REPLACEMENT, ("ImageId: ami-1 to ami-2", "setting java: 17 to 21")),
            NodeReview("b", Effect.NOTHING, ("confirms that the cluster is formed",)),
        ),
        (OtherReview("DataA", "AWS::EC2::Volume", "deleted", ("no longer in the template",), "Snapshot"),),
        ("node a would be replaced (ImageId: ami-1 to ami-2): swap it in two deploys",),
    ),
    "Stack muster-as400\n```",
    ("a.jar is not here: an empty stand-in is synthesized in its place",),
)

HARMLESS_TEXT = """\
<!-- muster diff -->
## What this does to running clusters

### `clusters/as400gateway.yaml` against `0123456789ab`

Nothing is refused.

| node | what happens | why |
|---|---|---|
| `a` | rolling reconfiguration | `setting settings.health: /actuator/health to /health` |
| `b` | rolling reconfiguration | `setting settings.health: /actuator/health to /health` |

<details><summary>cdk diff</summary>

```text
Stack muster-as400
Resources
[~] AWS::SSM::Parameter Settings/Parameter SettingsParameterE44D0DC0
```

</details>
"""

REFUSED_TEXT = """\
<!-- muster diff -->
## What this does to running clusters

### `clusters/as400gateway.yaml` against `0123456789ab`

- `a.jar is not here: an empty stand-in is synthesized in its place`

**Refused:**

- `node a would be replaced (ImageId: ami-1 to ami-2): swap it in two deploys`

| node | what happens | why |
|---|---|---|
| `a` | **REPLACEMENT** | `ImageId: ami-1 to ami-2`<br>`setting java: 17 to 21` |
| `b` | nothing | `confirms that the cluster is formed` |

| resource | what happens | why |
|---|---|---|
| `DataA (Volume)` | deleted, the old one is kept (Snapshot) | `no longer in the template` |

<details><summary>cdk diff</summary>

````text
Stack muster-as400
```
````

</details>
"""


def test_the_comment_for_a_harmless_change() -> None:
    assert render([HARMLESS]) == HARMLESS_TEXT


def test_the_comment_for_a_refused_change() -> None:
    assert render([REFUSED]) == REFUSED_TEXT


def test_a_file_that_is_wrong_is_told_without_a_table() -> None:
    wrong = Report("x.yaml", "HEAD", None, faults=("x.yaml:3: region: got 'nowhere'",), bad_input=True)
    text = render([wrong, HARMLESS])
    assert "### `x.yaml` against `HEAD`\n\n**Refused:**\n\n- `x.yaml:3: region: got 'nowhere'`\n\n###" in text


def test_a_long_diff_is_cut_below_github_s_limit_and_says_so() -> None:
    long = Report(HARMLESS.file, HARMLESS.against, HARMLESS.review, "Stack\n" + "[~] é thing\n" * 20_000)
    text = render([long, long])
    assert LIMIT // 2 < len(text.encode()) <= LIMIT
    assert text.count("... cut here; the whole of it: ./muster diff\n```\n\n</details>") == 2


def test_the_table_comes_before_any_text_that_is_cut() -> None:
    long = Report(REFUSED.file, REFUSED.against, REFUSED.review, "x\n" * 50_000)
    text = render([long], SMALLEST)
    assert len(text.encode()) <= SMALLEST
    assert "**REPLACEMENT**" in text


def test_the_exit_code_is_the_worst_of_all() -> None:
    wrong = Report("x.yaml", "HEAD", None, faults=("x.yaml:3: no",), bad_input=True)
    failed = Report("x.yaml", "HEAD", None, faults=("a rule finds something",))
    refused_by_lock = Report("x.yaml", "HEAD", HARMLESS.review, faults=("the lock says no",))
    assert exit_code([HARMLESS]) == 0
    assert exit_code([HARMLESS, REFUSED]) == exit_code([refused_by_lock]) == exit_code([failed]) == 1
    assert exit_code([REFUSED, wrong]) == 2


@given(st.text(max_size=300))
def test_no_text_leaves_its_code_span_or_its_row(text: str) -> None:
    review = Review((NodeReview("a", Effect.ROLLING, (text,)),), (), (text,))
    rendered = render([Report(text, text, review, notes=(text,))])
    rows = [line for line in rendered.splitlines() if line.startswith("| `a`")]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 4
    assert all(line.count("`") % 2 == 0 for line in rendered.splitlines())
    assert rendered.startswith(f"{MARKER}\n")


@given(st.text(alphabet="`<>!-/details\n ", max_size=300), st.integers(SMALLEST, LIMIT))
def test_no_diff_ends_its_fence(diff: str, limit: int) -> None:
    rendered = render([Report("f", "r", HARMLESS.review, f"Stack{diff}")], limit)
    fence = re.search("^(`{3,})text$", rendered, re.MULTILINE)
    assert fence is not None
    inside = rendered.partition(f"{fence[1]}text\n")[2].rpartition(f"\n{fence[1]}\n")[0]
    assert fence[1] not in inside
    assert len(rendered.encode()) <= limit
