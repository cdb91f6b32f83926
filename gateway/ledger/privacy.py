"""No sound with speech in it is written: looked for here, beside the only writer, whoever sent it.

The numbers of such a part or event stay, of a part with the word `speech`; sound and picture do not. Where the model
cannot be used no sound is kept at all: what cannot be looked through is not written.
"""

from dataclasses import replace

import numpy as np
import structlog

from analytics.quality.words import Quality
from gateway.processes.ledger_messages import PartRecord
from gateway.processes.messages import PartEvidence
from gateway.processes.sounds import EventEvidence, SoundsReport
from models.embedding import ModelError
from models.speech import SpeechModel

log = structlog.get_logger()


class Privacy:
    """Looks through every sound before it may be kept.

    Parameters
    ----------
    speech
        drop | keep: what the site file says of sound with speech in it.
    """

    def __init__(self, speech: str) -> None:
        self._drop = speech != "keep"
        self._model: SpeechModel | None = None
        self.fault = ""  #: why no sound is kept; empty where it can be looked through

    def cleared(self, message: object) -> object:
        """Give the message without a sound that must not be written, and with what was found in it."""
        match message:
            case PartRecord(evidence=PartEvidence() as part) if self._drop and part.sound is not None:
                return self._part(message, part)
            case SoundsReport(evidence=EventEvidence() as event) if self._drop and event.sound is not None:
                clean = self._spoken(event) is False
                return replace(message, evidence=replace(event, sound=event.sound if clean else None, before=None))
            case _:
                return message

    def _part(self, message: PartRecord, evidence: PartEvidence) -> PartRecord:
        spoken = self._spoken(evidence)
        if spoken is None:
            return replace(message, evidence=replace(evidence, sound=None, before=None))
        if not spoken:
            return replace(message, evidence=replace(evidence, before=None))
        told = replace(message.told, quality=(*message.told.quality, Quality.SPEECH))
        return replace(message, told=told, evidence=None)

    def _spoken(self, evidence: PartEvidence | EventEvidence) -> bool | None:
        """Whether somebody speaks in or half a second before a sound; None where it cannot be known."""
        assert evidence.sound is not None
        try:
            if self._model is None:
                self._model = SpeechModel()
        except ModelError as fault:
            if self.fault != str(fault):
                log.error("no sound is kept", reason=str(fault))  # noqa: TRY400 - a missing file needs no trace
            self.fault = str(fault)
            return None
        self.fault = ""
        channels = evidence.sound.reshape(len(evidence.sound), -1).T
        before = np.zeros(0, np.float32) if evidence.before is None else evidence.before
        # A person is nearer to one microphone than to the other; what came before was heard by the first.
        heard = (np.concatenate([before, channels[0]]), *channels[1:])
        return any(
            stop > (len(before) if number == 0 else 0)
            for number, samples in enumerate(heard)
            for _, stop in self._model.spans(samples, evidence.rate)
        )
