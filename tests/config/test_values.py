import pytest
from pydantic import BaseModel, ValidationError

from config.values import Duration, Secret, SecretFault, Size


class Holder(BaseModel):
    duration: Duration = 0.0
    size: Size = 0.0
    secret: Secret | None = None


@pytest.mark.parametrize(
    ("text", "seconds"), [("20 ms", 0.02), ("1.5 s", 1.5), ("10min", 600), ("2 h", 7200), ("1 d", 86400)]
)
def test_a_duration_is_read_with_its_unit(text, seconds):
    assert Holder(duration=text).duration == pytest.approx(seconds)


@pytest.mark.parametrize("found", ["20", 20, "s", "20 parsec", "-1 s", None])
def test_a_duration_without_a_unit_is_refused(found):
    with pytest.raises(ValidationError, match="a number with a unit"):
        Holder(duration=found)


def test_a_size_is_read_with_its_unit():
    assert Holder(size="20GB").size == 20e9


def test_a_secret_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("A_SECRET", "s3cret")
    assert Holder(secret="${A_SECRET}").secret.read() == "s3cret"


def test_a_secret_is_read_from_a_file(tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    assert Holder(secret={"file": tmp_path / "key"}).secret.read() == "s3cret"


def test_a_secret_that_is_not_there_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("A_SECRET", raising=False)
    with pytest.raises(SecretFault, match="A_SECRET is not set"):
        Holder(secret="${A_SECRET}").secret.read()
    with pytest.raises(SecretFault, match="cannot read"):
        Holder(secret={"file": tmp_path / "none"}).secret.read()


def test_a_secret_never_shows_in_its_own_text(monkeypatch):
    monkeypatch.setenv("A_SECRET", "s3cret")
    assert "s3cret" not in repr(Holder(secret="${A_SECRET}"))
