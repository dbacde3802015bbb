"""Points that exist already, as a rules document without evidence: the champion of the next calibration."""
