"""What a stage and `make repro` agree on, so that numbers are sent once the run has ended.

It imports nothing: the command of each stage loads it, and should take no time.
"""

from pathlib import Path

COMMAND = "stages.commands.track"  # in the commands of the stages that have numbers
LATER = "MALSSI_TRACK_LATER"  # in the environment of a run that sends the numbers itself
NOTED = "--noted"
NOTES = Path(".mlflow") / "later"  # a file for each stage that has run
