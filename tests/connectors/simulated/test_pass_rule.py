"""The pass rule three times: the contract's, the simulated PLC's, and the Structured Text a plant engineer pastes."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.plc.port import GwImage
from connectors.simulated.plc_program import PassPart, pass_key, passes

TEXT = (Path(__file__).parents[3] / "docs/plc/pass_rule.st").read_text(encoding="utf-8")
RULE = re.sub(r"\(\*.*?\*\)", "", TEXT.split("(* BEGIN PASS RULE *)")[1].split("(* END PASS RULE *)")[0])
TERMS = [line.strip().removeprefix("AND ") for line in RULE.strip().splitlines()]

# Operators by falling precedence: IEC 61131-3 (2013), table 71.
LEVELS = [("=", "<>", "<="), ("AND",), ("XOR",), ("OR",)]
CONVERSIONS = ("WORD_TO_UINT", "UINT_TO_WORD")


class Evaluator:
    """As much of a Structured Text expression as the rule uses; integers are 16 bit."""

    def __init__(self, text, values):
        self.tokens = re.findall(r"16#[0-9A-F]+|[A-Za-z_][\w.]*|\d+|<=|<>|[=()]", text)
        assert "".join(self.tokens) == re.sub(r"\s", "", text), "a sign the evaluator does not know"
        self.values = values

    def run(self):
        value = self.level(len(LEVELS) - 1)
        assert not self.tokens, self.tokens
        return value

    def level(self, depth):
        if depth < 0:
            return self.unary()
        left = self.level(depth - 1)
        while self.tokens and self.tokens[0] in LEVELS[depth]:
            operator = self.tokens.pop(0)
            right = self.level(depth - 1)
            left = {
                "=": lambda a, b: a == b,
                "<>": lambda a, b: a != b,
                "<=": lambda a, b: a <= b,
                "AND": lambda a, b: a & b,
                "OR": lambda a, b: a | b,
                "XOR": lambda a, b: a ^ b,
            }[operator](left, right)
        return left

    def unary(self):
        token = self.tokens.pop(0)
        if token == "NOT":
            value = self.unary()
            return not value if isinstance(value, bool) else ~value & 0xFFFF
        if token == "(":
            value = self.level(len(LEVELS) - 1)
            assert self.tokens.pop(0) == ")"
            return value
        if token in CONVERSIONS:
            return self.unary()
        if token.startswith("16#"):
            return int(token[3:], 16)
        return int(token) if token.isdigit() else self.values[token]


def structured_text(rule, g, part, alive):
    tags = {f"G.{snake_to_tag(name)}": getattr(g, name) for name in GwImage.__dataclass_fields__}
    return Evaluator(
        rule,
        {
            **tags,
            "MyTrigSeq": part.my_trig_seq,
            "MyPlcBootId": part.my_plc_boot_id,
            "MyGwBootId": part.my_gw_boot_id,
            "Acked": part.acked,
            "ModeHeld": part.mode_held,
            "GatewayAlive": alive,
            "Elapsed": part.elapsed_s,
            "MyDeadline": part.my_deadline_s,
        },
    ).run()


def snake_to_tag(name):
    own = {"heartbeat": "GwHeartbeat", "boot_id": "GwBootId", "state": "GwState"}
    return own.get(name) or "".join(word.capitalize() for word in name.split("_"))


PART = PassPart(7, 3, 700, acked=True, mode_held=True, elapsed_s=0.3, my_deadline_s=0.5)
PASSING = GwImage(5, 700, 1, 7, 7, 1, 0, 0, 0.5, 20, pass_key(7, 3), 7)

#: For each term in the order of the text, a situation in which it alone forbids the pass.
ALONE = [
    (replace(PASSING, verdict=2), PART, True),
    (replace(PASSING, result_seq=8), PART, True),
    (replace(PASSING, result_head=8), PART, True),
    (replace(PASSING, pass_key=pass_key(7, 4)), PART, True),
    (PASSING, replace(PART, acked=False), True),
    (replace(PASSING, boot_id=701), PART, True),
    (PASSING, PART, False),
    (PASSING, replace(PART, elapsed_s=0.51), True),
    (PASSING, replace(PART, mode_held=False), True),
    (replace(PASSING, state=4), PART, True),
    (replace(PASSING, quality_code=1), PART, True),
]


def test_the_rule_has_a_term_for_every_way_to_forbid_a_pass():
    assert len(TERMS) == len(ALONE)
    assert passes(PASSING, PART, gw_alive=True)
    assert structured_text(RULE, PASSING, PART, True)


@pytest.mark.parametrize("index", range(len(ALONE)))
def test_each_term_alone_forbids_the_pass_in_both_and_its_loss_would_be_noticed(index):
    g, part, alive = ALONE[index]
    assert not passes(g, part, gw_alive=alive)
    assert not structured_text(RULE, g, part, alive)
    without = " AND ".join(term for number, term in enumerate(TERMS) if number != index)
    assert structured_text(without, g, part, alive)


@pytest.mark.parametrize("bit", range(16))
def test_every_quality_bit_but_the_clock_step_and_the_sign_forbids_the_pass(bit):
    g = replace(PASSING, quality_code=1 << bit)
    assert passes(g, PART, gw_alive=True) is (bit in (11, 15))
    assert structured_text(RULE, g, PART, True) is (bit in (11, 15))


near = st.integers(0, 3).map(lambda step: step + 6)
images = st.builds(
    replace,
    st.just(PASSING),
    verdict=st.integers(0, 3),
    result_seq=near,
    result_head=near,
    pass_key=st.sampled_from([0, 0xFFFF, *(pass_key(seq, boot) for seq in (6, 7, 8) for boot in (2, 3))]),
    boot_id=st.sampled_from([0, 700, 701]),
    state=st.integers(0, 7),
    quality_code=st.sampled_from([0, 0, 1, 1 << 11, 1 << 9, 0xFFFF]),
)
parts = st.builds(
    PassPart,
    near,
    st.sampled_from([2, 3]),
    st.sampled_from([0, 700]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 0.500001]),
    st.just(0.5),
)


@given(images, parts, st.booleans())
def test_the_text_and_the_simulated_plc_agree(g, part, alive):
    assert structured_text(RULE, g, part, alive) is passes(g, part, gw_alive=alive)


@given(st.integers(1, 32767), st.integers(1, 32767))
def test_a_key_is_never_zero_never_a_sequence_and_65535_only_for_the_number_the_plc_skips(seq, boot_id):
    key = pass_key(seq, boot_id)
    assert 32768 <= key <= 65535
    assert (key == 65535) is (seq == boot_id)
