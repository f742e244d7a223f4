import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from reports.inert_text import inert
from tests.reports.sample_comparison import HOSTILE_NAMES


def test_ordinary_text_in_any_script_is_left_alone() -> None:
    for text in ("float32 (v1.2) – à la carte", "גרסה 8", "ビット", "🧪 ½ µs"):
        assert inert(text) == text


def test_escape_sequences_lose_their_escape_and_stay_visible() -> None:
    assert inert("a\x1b[31mred") == "a\ufffd[31mred"


def test_a_name_is_one_line() -> None:
    assert inert("two\r\nlines\u2028three\tfour") == "two lines three four"


def test_the_reading_direction_cannot_be_turned() -> None:
    assert inert("abc\u202egnp.exe") == "abc\ufffdgnp.exe"


@given(st.text() | st.sampled_from(HOSTILE_NAMES))
def test_no_control_character_and_no_direction_control_is_left(text: str) -> None:
    for character in inert(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }


@given(st.text())
def test_what_is_inert_stays_as_it_is(text: str) -> None:
    assert inert(inert(text)) == inert(text)
