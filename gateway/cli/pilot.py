"""`wheeltapper pilot`: what labelled parts prove of a station, as one file to sign."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from analytics.decision.proportions import Share
from gateway.cli.output import emit, note, progress, say
from gateway.cli.stored import ModelsOption
from gateway.pilot.cases import Gathered, from_recordings, from_store
from gateway.pilot.evidence import SOUND_BYTES_MOST, Look, look_at_recordings, look_in_store, shown_of
from gateway.pilot.figures import Figures, figures_of
from gateway.pilot.labels import GOOD, Columns, Labels, LabelsError, read_labels
from gateway.pilot.payback import SEEN, Payback, payback_of, read_costs
from gateway.pilot.report import Study, Wrong, html_of, json_of, percent, share_words
from gateway.store.database import DATABASE
from gateway.store.read import ROWS_MAX
from models.recipe import embed_of, load


def command(
    of: Annotated[Path, typer.Argument(metavar="SITE|STORE|FOLDER", help="Site file, store, or folder of recordings.")],
    labels: Annotated[
        Path | None,
        typer.Option(help="The truth: a CSV with label and one of file, part, part_id; else the labels in the store."),
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="Judges the recordings of a folder.")] = None,
    out: Annotated[Path, typer.Option(help="The report to write.")] = Path("pilot.html"),
    good: Annotated[
        list[str] | None, typer.Option(help="Labels of good parts; else good, ok, normal, healthy.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Columns that say which parts are copies of one another; else group.")
    ] = None,
    by: Annotated[list[str] | None, typer.Option(help="Columns to give the rates by, as a shift or a unit.")] = None,
    cost: Annotated[
        list[str] | None, typer.Option(metavar="NAME=LOW,MID,HIGH", help="A cost; wins over --costs.")
    ] = None,
    costs: Annotated[Path | None, typer.Option(help="The plant's own costs: a TOML file, see docs/pilot.md.")] = None,
    missed: Annotated[
        float, typer.Option("--missed-at-most", min=1e-6, max=0.5, help="Share of defects agreed on.")
    ] = 0.02,
    rejects: Annotated[
        float, typer.Option("--false-rejects-at-most", min=1e-6, max=0.5, help="Share of good parts agreed on.")
    ] = 0.05,
    title: Annotated[str, typer.Option(help="Of the report.")] = "",
    station: Annotated[str | None, typer.Option("--station", help="Of this station alone.")] = None,
    last: Annotated[
        int, typer.Option("--last", "-n", min=1, max=ROWS_MAX, help="Parts of the store, at most.")
    ] = 20_000,
    channel: Annotated[int | None, typer.Option(min=1, help="Of recordings with several channels, from 1.")] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    surroundings: Annotated[
        bool, typer.Option("--surroundings", help="Each file holds 100 ms before and after its part.")
    ] = False,
    no_sound: Annotated[bool, typer.Option("--no-sound", help="Pictures of the parts alone: no sound leaves.")] = False,
    models: ModelsOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as one JSON object on stdout.")] = False,
) -> None:
    """Write the report of a pilot: rates with exact intervals, what they prove, the parts that went wrong, payback.

    Of a store, the labels name parts by their id; of a folder, recordings by their path in it. The report is one HTML
    file without any network, and prints as a PDF.
    """
    columns = Columns(tuple(good or GOOD), tuple(group or ()), tuple(by or ()))
    if labels is None and (group or by):
        raise typer.BadParameter(
            "columns are those of a table of labels; name it: --labels FILE", param_hint="--group / --by"
        )
    known = None if labels is None else read_labels(labels, columns)
    plant = read_costs(costs, cost or ())
    hearing = (channel, rate, surroundings)
    gathered, look, hashes = _gathered(of, known, (recipe, models), (station, last), hearing)
    if not gathered.cases:
        for line in gathered.unknown[:10]:
            note(line)
        raise LabelsError(_nothing_left(str(labels or of), gathered))
    figures = figures_of(gathered, columns.by, (missed, rejects))
    payback = None if plant is None else payback_of(plant, _seen(figures))
    study = Study(
        title or f"Pilot of {of.resolve().stem}",
        datetime.now(UTC).isoformat(timespec="seconds"),
        str(of),
        recipe is None,
        "said of the parts in the store" if labels is None else str(labels),
        "" if known is None else known.sha256,
        hashes,
        ", ".join(columns.group) or ("group" if any(case.label.group for case in gathered.cases) else ""),
    )
    wrong = _wrong(gathered, look, 0 if no_sound else SOUND_BYTES_MOST)
    text = html_of(study, gathered, figures, payback, wrong)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise typer.BadParameter(f"{out} cannot be written ({fault.strerror or fault})", param_hint="--out") from fault
    if as_json:
        emit(json_of(study, gathered, figures, payback))
        return
    _say(out, gathered, figures, payback)


def _gathered(
    of: Path,
    labels: Labels | None,
    by: tuple[Path | None, Path | None],
    narrowed: tuple[str | None, int],
    hearing: tuple[int | None, int | None, bool],
) -> tuple[Gathered, Look, dict[str, str]]:
    recipe, models = by
    if recipe is not None:
        if labels is None:
            raise typer.BadParameter("recordings carry no truth of their own; name a table", param_hint="--labels")
        loaded = load(recipe)
        with progress() as step:
            judged_by = (loaded, embed_of(loaded, models))
            gathered = from_recordings(of, labels.rows, judged_by, hearing, (time.perf_counter, step))
        return gathered, look_at_recordings(loaded, hearing), {loaded.title: loaded.hash}
    store = of
    if of.is_file():
        from config.load import load as load_site

        store = Path(load_site(of).store.folder)
    elif not of.exists():
        raise LabelsError(f"{of}: there is no such file; wanted a site file, a store or a folder of recordings")
    elif not (of / DATABASE).is_file():
        raise typer.BadParameter(
            f"{of} is no store; a folder of recordings wants --recipe RECIPE", param_hint="--recipe"
        )
    gathered = from_store(store, None if labels is None else labels.rows, *narrowed)
    return gathered, look_in_store(store), dict.fromkeys(gathered.recipes, "")


def _nothing_left(labels: str, gathered: Gathered) -> str:
    if gathered.taught:
        return f"{labels}: the recipe was taught with all {len(gathered.taught)} parts; wanted parts it has never heard"
    if gathered.unjudged and not gathered.heard:
        return (
            f"{labels}: all {gathered.unjudged} parts were heard without a verdict; a pilot wants shadow or active mode"
        )
    if gathered.unknown:
        return f"{labels}: none of its {len(gathered.unknown)} labels names a part that was judged"
    return f"{labels}: nobody has said of a part there whether it was good; label some, or name a table: --labels FILE"


def _seen(figures: Figures) -> dict[str, Share]:
    rates = figures.rates
    shares = (rates.missed, rates.false_rejects, rates.good_undecided)
    if not all(share.n for share in shares):
        raise LabelsError("payback needs labelled good parts and labelled bad ones; leave the costs out, or label both")
    return dict(zip(SEEN, shares, strict=True))


def _wrong(gathered: Gathered, look: Look, sound_bytes: int) -> Wrong:
    missed = [case for case in gathered.cases if case.label.bad and case.rejected is False]
    rejects = [case for case in gathered.cases if not case.label.bad and case.rejected is True]
    missed.sort(key=lambda case: case.score or 0.0)
    rejects.sort(key=lambda case: -(case.score or 0.0))
    shown_missed, left = shown_of(missed, look, sound_bytes)
    shown_rejects, _ = shown_of(rejects, look, left)
    return Wrong(shown_missed, len(missed), shown_rejects, len(rejects))


def _say(out: Path, gathered: Gathered, figures: Figures, payback: Payback | None) -> None:
    rates = figures.rates
    say(f"{'detected':<16}{share_words(rates.found)}")
    say(f"{'missed defects':<16}{share_words(rates.missed)}")
    say(f"{'false rejects':<16}{share_words(rates.false_rejects)}")
    for target in figures.targets:
        more = f"; {target.more} more without an error would prove it" if target.word == "not proven" else ""
        say(f"{target.name} at most {percent(target.rate)}: {target.word} (at most {percent(target.proven)}){more}")
    if payback is not None:
        low, mid, high = payback.net.low, payback.net.mid, payback.net.high
        say(f"{'a year':<16}{mid:.0f} ({low:.0f} to {high:.0f}) {payback.currency}")
    if gathered.taught:
        say(f"{len(gathered.taught)} labelled parts left out: the recipe was taught with them, or with their group")
    if gathered.unknown:
        note(f"{len(gathered.unknown)} labels name no part that was judged; the report lists them")
    say(f"written: {out}")
