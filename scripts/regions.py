"""Text in documents that scripts write: what stands between two marks, a table or a number in a sentence.

    <!-- figure: data.files -->491<!-- end -->

The marks are comments, so a reader of the page does not see them, and filling twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_REGION = re.compile(r"<!-- figure: (?P<name>[\w.-]+) -->.*?<!-- end -->", re.DOTALL)


def names(text: str) -> tuple[str, ...]:
    """The names of the text's regions, in their order."""
    return tuple(found["name"] for found in _REGION.finditer(text))


def fill(text: str, contents: Mapping[str, str]) -> str:
    """The text with new contents between the marks; regions that `contents` does not name stay as they are.

    Contents of more than one line, such as a table, get empty lines around them, as Markdown wants it.
    """

    def filled(region: re.Match[str]) -> str:
        name = region["name"]
        if name not in contents:
            return region[0]
        content = contents[name].strip()
        padded = f"\n\n{content}\n\n" if "\n" in content else content
        return f"<!-- figure: {name} -->{padded}<!-- end -->"

    return _REGION.sub(filled, text)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right. ValueError for a ragged row."""
    if any(len(row) != len(head) for row in rows):
        raise ValueError(f"each row must have {len(head)} cells")
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
